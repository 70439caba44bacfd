import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Instance } from '../../support/e2e/instance.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { connectionStringOf } from '../database.js';
import { type Answer, postOnce, postUntilAcknowledged } from '../keyed-post.js';
import { ChaosWorld } from '../world.js';

const WRITERS = 4;
const WRITES = 25;

async function killUnderWriters(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' } });
  const { id: projectId } = await world.addProject();
  await world.fileEpic('a', 2);
  run.note(`${WRITERS} writers of keyed mail, and PostgreSQL killed under them three times`);
  const write = async (writer: number): Promise<void> => {
    for (let index = 0; index < WRITES; index++) {
      const body = { to: { kind: 'human', id: 'ada' }, projectId, subject: `${writer}-${index}`, body: 'A line.' };
      const answer = await postUntilAcknowledged(world.instance, { path: '/mail', body, key: randomUUID() });
      world.noteAcknowledged('mail', answer.body.id);
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  for (let kills = 0; kills < 3; kills++) {
    await sleep(300 + run.random() * 1_500);
    await world.instance.kill('postgres');
  }
  await writing;
  await world.untilDone();
  const rows = await world.instance.query<{ subject: string }>(
    `SELECT subject FROM mail WHERE to_id = 'ada' AND subject ~ '^\\d+-\\d+$'`,
  );
  const distinct = new Set(rows.map(({ subject }) => subject)).size;
  if (rows.length !== WRITERS * WRITES || distinct !== rows.length)
    throw new Error(
      `${WRITERS * WRITES} mails were acknowledged, and ${rows.length} are there, ${distinct} different.`,
    );
  await world.verdict();
}

async function connectTo(instance: Instance): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: connectionStringOf(instance) });
  client.on('error', () => {}); // it is ended together with the others
  await client.connect();
  return client;
}

async function keepProcesses(run: CaseRun, harm: (world: ChaosWorld) => Promise<void>): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const pids = (): string => (['api', 'worker'] as const).map((name) => world.instance.pidOf(name)).join(' ');
  const before = pids();
  await world.fileEpic('a', 3);
  await harm(world);
  await world.verdict();
  if (pids() !== before) throw new Error('A process ended because its connections did.');
}

const terminateBackends = (run: CaseRun): Promise<void> =>
  keepProcesses(run, async ({ instance }) => {
    for (let times = 0; times < 4; times++) {
      await sleep(1_000 + run.random() * 2_000);
      run.note(`all connections to the database are ended, ${times + 1} of 4`);
      await instance.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    }
  });

const exhaustConnections = (run: CaseRun): Promise<void> =>
  keepProcesses(run, async ({ instance }) => {
    await sleep(1_000 + run.random() * 2_000);
    run.note('every free connection to the database is taken, and the own ones are ended');
    const taken: pg.Client[] = [];
    for (let isFull = false; !isFull; ) {
      const client = await connectTo(instance).catch(() => undefined); // there is none left
      isFull = client === undefined;
      if (client) taken.push(client);
    }
    const [first] = taken;
    await first?.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millwright-%'`,
    );
    await sleep(4_000);
    await Promise.all(taken.map((client) => client.end().catch(() => {}))); // some were ended by the server
  });

const GHOST_MS = 15_000;

/** Longer than any store activity waits for its answer. */
const holdLocks = (run: CaseRun): Promise<void> =>
  keepProcesses(run, async ({ instance }) => {
    await sleep(1_000 + run.random() * 3_000);
    run.note(`a ghost holds the tables that everything writes for ${GHOST_MS / 1_000} s`);
    const ghost = await connectTo(instance);
    await ghost.query('BEGIN');
    await ghost.query('LOCK TABLE epic, task, run, outbox, event IN EXCLUSIVE MODE');
    await sleep(GHOST_MS);
    await ghost.query('ROLLBACK');
    await ghost.end();
  });

/** As a standby, or a server whose disk takes no more, refuses. */
const refuseWrites = (run: CaseRun): Promise<void> =>
  keepProcesses(run, async (world) => {
    const { instance } = world;
    const setReadOnly = async (isOn: boolean): Promise<void> => {
      const client = await connectTo(instance);
      await client.query('SET default_transaction_read_only = off');
      await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${isOn ? 'on' : 'off'}`);
      await client.query('SELECT pg_reload_conf()');
      await client.end();
    };
    await sleep(1_000 + run.random() * 3_000);
    run.note('PostgreSQL refuses every write for 6 s');
    await setReadOnly(true);
    const request = { path: '/epics', body: world.epicBody('b', 1), key: randomUUID() };
    let refused: Answer | undefined;
    await until(async () => {
      refused = await postOnce(instance, { ...request, key: randomUUID() });
      return refused?.status === 503;
    });
    if (refused?.retryAfter === undefined) throw new Error('A refusal does not say when to come again.');
    await sleep(6_000);
    await setReadOnly(false);
    const { body } = await postUntilAcknowledged(instance, request);
    world.expectEpic(body.id, 1);
  });

export const postgresCases: readonly ChaosCase[] = [
  {
    name: '16-postgres-killed-under-writers',
    does: 'SIGKILL to PostgreSQL three times under four writers who repeat with their key until they are acknowledged',
    catches: 'an acknowledged write that is gone, or one key that wrote twice',
    run: killUnderWriters,
  },
  {
    name: '17-connections-terminated',
    does: 'every connection to PostgreSQL is ended by the server, four times',
    catches: 'a connection’s error that nobody hears and that ends the process',
    run: terminateBackends,
  },
  {
    name: '17-connections-exhausted',
    does: 'every connection that PostgreSQL has to give is taken for four seconds, and the own ones are ended',
    catches: 'a pool that does not heal, or work that is given up instead of tried again',
    run: exhaustConnections,
  },
  {
    name: '18-postgres-read-only',
    does: 'PostgreSQL refuses every write for a while',
    catches: 'an acknowledgement of what was not written, a 500 instead of 503 with Retry-After, or a need to restart',
    run: refuseWrites,
  },
  {
    name: '19-ghost-holds-tables',
    does: `a session that does nothing holds the tables that everything writes for ${GHOST_MS / 1_000} s`,
    catches: 'a wait for a lock without an end, or work that is given up because of one',
    run: holdLocks,
  },
];
