import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { postUntilAcknowledged } from '../keyed-post.js';
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

async function storeLost(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
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
    name: '15-temporal-store-lost',
    does: 'the store of the Temporal server is removed in the middle of an epic',
    catches: 'work that the rows know and nobody continues; a second pull request of a task that had one',
    run: storeLost,
  },
];
