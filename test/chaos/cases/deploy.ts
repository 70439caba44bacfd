import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { epicWorkflowId } from '../../../workflows/contract/ids.js';
import { until } from '../../support/until.js';
import type { Cut } from '../../support/variant/cut.js';
import { buildVariant } from '../../support/variant/variant.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { scenarioOf, WORKER } from '../scenario.js';
import { ChaosWorld } from '../world.js';

/** Another order of what epics and tasks did first: no history of theirs fits it. */
const NON_DETERMINISTIC: Cut = {
  name: 'non-deterministic',
  about: 'epics and tasks wait before they read their rows',
  edits: [
    {
      file: 'workflows/epic/epic.workflow.ts',
      cut: '      const opened = await store.openEpic({ epicId });\n',
      put: '      await sleep(1);\n      const opened = await store.openEpic({ epicId });\n',
    },
    {
      file: 'workflows/task/task.workflow.ts',
      cut: '  const answer = await open(ports, input);\n',
      put: '  await condition(() => false, 1);\n  const answer = await open(ports, input);\n',
    },
  ],
};

/**
 * Fewer are slower, not stuck. As many workflow tasks are polled for as are remembered: with 2, two epics ended in 75 s
 * without one timeout; with 8 epics on a busy machine two workflow tasks in five waited out the sticky queue (2 s under
 * brisk timings) before they were given again, none failed, and 10 of 16 tasks had landed after 5½ minutes.
 */
const CACHED = 6;
const TINY_CACHE: Cut = {
  name: 'tiny-cache',
  about: `a worker remembers ${CACHED} workflows`,
  edits: [{ file: 'workers/main.ts', cut: 'maxCachedWorkflows: 1000', put: `maxCachedWorkflows: ${CACHED}` }],
};

function variantOf(run: CaseRun, cut: Cut): string {
  run.note(`building a program where ${cut.about}`);
  const variant = buildVariant(cut);
  run.atEnd(() => variant.remove());
  return variant.dist;
}

/** Longer than the engine's first repetitions of a workflow task. */
const BROKEN_MS = 10_000;

async function deployBroken(run: CaseRun): Promise<void> {
  const dist = variantOf(run, NON_DETERMINISTIC);
  const slow = { ...WORKER, steps: WORKER.steps?.map((step) => ({ ...step, delayMs: 1_500 })) ?? [] };
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(slow) });
  const { instance } = world;
  await world.addProject();
  const epics = [await world.fileEpic('a', 3), await world.fileEpic('b', 2)];
  await until(() => instance.query('SELECT 1 FROM turn').then(({ length }) => length > 1), { everyMs: 100 });
  run.note('a build whose workflows do not fit their histories takes over');
  await instance.restart({ dist });
  await until(() => isAnyRefused(instance.facts.temporalAddress, epics), { everyMs: 500 });
  await sleep(BROKEN_MS);
  const ended = await instance.query("SELECT state FROM epic WHERE state NOT IN ('PLANNING', 'IN_PROGRESS')");
  if (ended.length > 0) throw new Error('A build that fits no history has ended an epic.');
  run.note('the right build is back');
  await instance.restart();
  await world.verdict();
}

/** Whether the engine holds a workflow task of one of them that failed because its history did not fit. */
async function isAnyRefused(address: string, epicIds: readonly string[]): Promise<boolean> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    for (const epicId of epicIds) {
      const { events } = await client.workflow.getHandle(epicWorkflowId(epicId)).fetchHistory();
      const causes = events?.map(({ workflowTaskFailedEventAttributes: failed }) => failed?.cause);
      if (causes?.includes(NON_DETERMINISTIC_ERROR)) return true;
    }
    return false;
  } finally {
    await connection.close();
  }
}

/** As the engine numbers the causes of a failed workflow task. */
const NON_DETERMINISTIC_ERROR = 24;

const EPICS = 4;

async function pressCache(run: CaseRun): Promise<void> {
  const dist = variantOf(run, TINY_CACHE);
  const world = await ChaosWorld.open(run);
  const { instance } = world;
  await world.addProject();
  await instance.restart({ dist });
  const pid = instance.pidOf('worker');
  run.note(`${EPICS} epics at once`);
  await Promise.all(Array.from({ length: EPICS }, (_, index) => world.fileEpic(`e${index + 1}`, 2)));
  await world.untilDone();
  if (instance.pidOf('worker') !== pid) throw new Error('The worker ended under the pressure.');
  await world.verdict();
}

export const deployCases: readonly ChaosCase[] = [
  {
    name: '5-cache-pressure',
    does: `${EPICS} epics at once on a worker that remembers ${CACHED} workflows, and replays all others`,
    catches:
      'workflow code that goes on from memory alone; a worker that ends, or stands still, when its cache is full',
    run: pressCache,
  },
  {
    name: '7-broken-deploy',
    does: 'a build whose workflow code fits no history takes over while epics run, and the right one comes back',
    catches: 'an epic that a wrong build fails for good, or work that is lost or done twice around it',
    run: deployBroken,
  },
];
