import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { createLogger } from '../../../infra/logging.js';
import { createPools } from '../../../infra/pg/pools.js';
import { relayDue } from '../../../workers/duties/relay.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { connectionStringOf } from '../database.js';
import { postUntilAcknowledged } from '../keyed-post.js';
import { ChaosWorld } from '../world.js';

/** A lock on the row keeps the relay from marking what it has sent: that moment lasts until the worker is dead. */
async function killBetweenSendAndMark(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const { instance } = world;
  process.kill(instance.pidOf('worker'), 'SIGSTOP');
  const request = { path: '/epics', body: world.epicBody('a', 2), key: randomUUID() };
  const { body } = await postUntilAcknowledged(instance, request);
  world.expectEpic(body.id, 2);
  const locker = new pg.Client({ connectionString: connectionStringOf(instance) });
  await locker.connect();
  run.atEnd(() => locker.end());
  await locker.query('BEGIN');
  await locker.query(`SELECT id FROM outbox WHERE workflow_id = $1 FOR UPDATE`, [`epic/${body.id}`]);
  run.note('the start of an epic is sent, and the worker killed before the row says so');
  process.kill(instance.pidOf('worker'), 'SIGCONT');
  const client = await clientOf(run, world);
  await until(() =>
    client.workflow
      .getHandle(`epic/${body.id}`)
      .describe()
      .then(
        () => true,
        () => false,
      ),
  );
  await instance.kill('worker');
  await locker.query('ROLLBACK');
  await world.verdict();
}

async function twoRelays(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const pools = createPools({ databaseUrl: connectionStringOf(world.instance), applicationName: 'second-relay' });
  run.atEnd(() => pools.close());
  const client = await clientOf(run, world);
  const log = createLogger({ name: 'second-relay', level: 'silent' });
  run.note('a second relay sends the same rows');
  let isOver = false;
  let sent = 0;
  const relaying = (async () => {
    // What it cannot send the worker's own relay sends: only its doubles matter here.
    while (!isOver) sent += await relayDue({ db: pools.writes, client, log }).catch(() => 0);
  })();
  for (const name of ['a', 'b', 'c']) await world.fileEpic(name, 1);
  await world.untilDone();
  isOver = true;
  await relaying;
  if (sent === 0) throw new Error('The second relay never saw a row.');
  await world.verdict();
}

async function clientOf(run: CaseRun, { instance }: ChaosWorld): Promise<Client> {
  const connection = await Connection.connect({ address: instance.facts.temporalAddress });
  run.atEnd(() => connection.close());
  return new Client({ connection, namespace: instance.facts.temporalNamespace });
}

export const outboxCases: readonly ChaosCase[] = [
  {
    name: '21-killed-between-send-and-mark',
    does: 'SIGKILL to the worker after the relay has started an epic and before the row says so',
    catches: 'a workflow that is started twice, or a relay that stops at what exists already',
    run: killBetweenSendAndMark,
  },
  {
    name: '21-two-relays',
    does: 'a second relay sends the same outbox rows at the same time',
    catches: 'an effect that comes twice because a message did',
    run: twoRelays,
  },
];
