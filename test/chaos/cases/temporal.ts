import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { builtProgram } from '../../support/built.js';
import { findTestCli } from '../../support/temporal.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { postUntilAcknowledged } from '../keyed-post.js';
import { REPEATABLE_WORKER, scenarioOf } from '../scenario.js';
import { ChaosWorld } from '../world.js';

/** Kills the server again and again, so that it answers nobody for so long. */
async function holdDown({ instance }: ChaosWorld, ms: number): Promise<void> {
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < ms; await sleep(50)) {
    const pid = instance.pidOf('temporal');
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch {
      // It was down already.
    }
  }
}

const downFor =
  (seconds: number) =>
  async (run: CaseRun): Promise<void> => {
    const world = await ChaosWorld.open(run);
    await world.addProject();
    await world.fileEpic('a', 3);
    await sleep(500 + run.random() * 4_000);
    run.note(`the Temporal server is down for ${seconds} s; an epic is filed meanwhile`);
    const holding = holdDown(world, seconds * 1_000);
    const request = { path: '/epics', body: world.epicBody('b', 2), key: randomUUID() };
    const { body } = await postUntilAcknowledged(world.instance, request);
    world.expectEpic(body.id, 2);
    await holding;
    await world.verdict();
  };

async function hung(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  await world.fileEpic('a', 2);
  await sleep(500 + run.random() * 3_000);
  run.note('the Temporal server stands still: its port accepts, and nothing answers');
  const pid = world.instance.pidOf('temporal');
  process.kill(pid, 'SIGSTOP');
  await until(() => world.instance.pidOf('temporal') > 0 && world.instance.pidOf('temporal') !== pid, { everyMs: 200 });
  await world.verdict();
}

/** What a server of this version does when its store is gone: the health endpoint goes on to say that all is well. */
async function servingButDead(run: CaseRun): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millwright-dying-'));
  run.atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const cli = join(directory, 'temporal');
  const trigger = join(directory, 'die');
  const program = [process.execPath, builtProgram('test/chaos/dying-temporal.js'), await findTestCli(), trigger];
  writeFileSync(cli, `#!/bin/sh\nexec ${program.join(' ')} "$@"\n`, { mode: 0o755 });
  const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_TEMPORAL_CLI: cli } });
  await world.addProject();
  await world.fileEpic('a', 2);
  await sleep(500 + run.random() * 3_000);
  run.note('the Temporal server says SERVING and fails every call');
  const pid = world.instance.pidOf('temporal');
  writeFileSync(trigger, '');
  await until(() => !existsSync(trigger));
  await requireServing(world.instance.facts.temporalAddress);
  await until(() => world.instance.pidOf('temporal') > 0 && world.instance.pidOf('temporal') !== pid, { everyMs: 200 });
  await world.verdict({ boughtAgain: 2 });
}

async function requireServing(address: string): Promise<void> {
  const connection = Connection.lazy({ address });
  await until(() =>
    connection.healthService.check({}).then(
      ({ status }) => status === SERVING,
      () => false,
    ),
  );
  await connection.close();
}

const SERVING = 1;

async function storeLost(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(REPEATABLE_WORKER) });
  await world.addProject();
  await world.fileEpic('a', 3);
  await sleep(1_000 + run.random() * 6_000);
  run.note('everything is stopped, and the store of the Temporal server removed');
  await world.instance.restart({ whileDown: ({ temporal }) => removeBelow(temporal) });
  await world.verdict({ boughtAgain: 3 });
}

function removeBelow(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
}

export const temporalCases: readonly ChaosCase[] = [
  {
    name: '11-temporal-down-1s',
    does: 'the Temporal server is killed for one second while an epic is filed',
    catches: 'an API that needs the engine to acknowledge',
    run: downFor(1),
  },
  {
    name: '11-temporal-down-20s',
    does: 'the Temporal server is killed again and again for 20 s, longer than any heartbeat, while an epic is filed',
    catches: 'retries that are used up during an outage, and leave work for a person',
    run: downFor(20),
  },
  {
    name: '12-temporal-hangs',
    does: 'SIGSTOP to the Temporal server: it takes connections and answers nothing',
    catches: 'a probe that asks for an open port instead of an answer',
    run: hung,
  },
  {
    name: '12-temporal-serving-but-dead',
    does: 'the Temporal server loses its store: its health endpoint says SERVING, and every other call fails',
    catches: 'a probe that believes a health endpoint',
    run: servingButDead,
  },
  {
    name: '15-temporal-store-lost',
    does: 'the store of the Temporal server is removed in the middle of an epic',
    catches: 'work that the rows know and nobody continues; a second pull request of a task that had one',
    run: storeLost,
  },
];
