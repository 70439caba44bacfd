import { randomUUID } from 'node:crypto';
import { QUEUE } from '../workflows/contract/task-queues.js';
import type { Bench } from './comparison.js';
import { cpuSeconds } from './support/cpu.js';
import { historiesOf, runEpic, seedPlannedEpic } from './support/factory/epics.js';
import { FactoryRig } from './support/factory/rig.js';
import { inTurns, lengthOf, type Measures, series, timeMs } from './support/rounds.js';

/** Of a hundred on two busy processors the server repeats what it could not write in time, a quarter of an hour a round. */
const EPICS = 20;
/** Of a workflow that does nothing: started, its one wake-up, completed. */
const NOOP_EVENTS = 5;
const NOOPS = 400;

/** M1: how fast histories grow under many epics at once, against workflows that do nothing, on one server and worker. */
export const epicEngine: Bench = {
  redWhen: 'writes to the database for every event, polls, or drops the eager start of activities',
  run: async (options) => {
    const rig = await FactoryRig.start({ atOnce: EPICS });
    try {
      const measured = await inTurns(
        { noops: () => growth(rig, () => runNoops(rig)), epics: () => growth(rig, () => runEpics(rig)) },
        lengthOf(options, 3),
      );
      const row = (name: string, unit: string, measure: string) => ({
        name,
        unit,
        baseline: series(measured, 'noops', measure),
        ours: series(measured, 'epics', measure),
      });
      return {
        title: `events a second: ${EPICS} epics of one task at once against workflows that do nothing`,
        subject: 'embedded Temporal server with its file, PostgreSQL with fsync, one worker, a project for each epic',
        rows: [
          { ...row('history events', '1/s', 'perSecond'), gate: { wants: 'atLeast', target: 0.85, floor: 0.6 } },
          row('processor time of the worker, an event', 'CPU ms', 'workerCpuMs'),
        ],
      };
    } finally {
      await rig.stop();
    }
  },
};

const growth = async (rig: FactoryRig, run: () => Promise<() => Promise<number>>): Promise<Measures> => {
  const before = cpuSeconds(rig.workerPid);
  let count: () => Promise<number> = async () => 0;
  const tookMs = await timeMs(async () => {
    count = await run();
  });
  const usedSeconds = cpuSeconds(rig.workerPid) - before;
  const events = await count();
  return { perSecond: events / (tookMs / 1_000), workerCpuMs: (usedSeconds / events) * 1_000 };
};

/** As many at once as there are epics in the other arm. */
const runNoops = async ({ client }: FactoryRig): Promise<() => Promise<number>> => {
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun++ < NOOPS)
      await client.workflow.execute('noop', { taskQueue: QUEUE.shared, workflowId: `noop/${randomUUID()}` });
  };
  await Promise.all(Array.from({ length: EPICS }, one));
  return async () => NOOPS * NOOP_EVENTS;
};

const runEpics = async (rig: FactoryRig): Promise<() => Promise<number>> => {
  const epics = await Promise.all(Array.from({ length: EPICS }, () => seedPlannedEpic(rig, 1)));
  await Promise.all(epics.map((epic) => runEpic(rig, epic)));
  return async () => {
    let events = 0;
    for (const { projectId } of epics)
      for (const history of await historiesOf(rig, projectId)) events += history.events;
    return events;
  };
};
