import { randomUUID } from 'node:crypto';
import { QUEUE } from '../workflows/contract/task-queues.js';
import type { Bench } from './comparison.js';
import { cpuSeconds } from './support/cpu.js';
import { historiesOf, runEpic, seedPlannedEpic } from './support/factory/epics.js';
import { FactoryRig } from './support/factory/rig.js';
import { idealEpic, plainEpic } from './support/ideal.js';
import { inTurns, type Measures, type Rounds, series, timeMs } from './support/rounds.js';

const EPICS = 20;
const TASKS = 1;
const TURNS = 2;
/** What an epic cannot do without; more events than these are no work done. */
const NEEDED = Object.values(idealEpic(TASKS, TURNS)).reduce((sum, events) => sum + events, 0);
const SERVERS = {
  file: 'embedded Temporal server with its file',
  postgres: 'Temporal server with its histories in PostgreSQL, 4 shards',
} as const;
/** Enough to warm up whatever is used by many. */
const FEW = 5;

/**
 * M1: how fast full epics get through, against plain workflows of as many effects, rows, children and messages, on one
 * server and worker: one after the other, where every wait shows, and many at once.
 */
export const epicEngine: Bench = {
  redWhen: 'writes to the database for every event, or drops the eager start of activities',
  run: async (options) => {
    const { epics = EPICS, history = 'file' } = options;
    const rig = await FactoryRig.start({ atOnce: epics, turns: TURNS, history });
    try {
      const alone = await inTurns(
        arms(rig, () => 1),
        { rounds: options.rounds ?? 9 },
      );
      let begun = 0;
      // Both arms of the first round, which is discarded, are small.
      const many = await inTurns(
        arms(rig, () => (begun++ < 2 ? FEW : epics)),
        { rounds: 1 },
      );
      const row = (measured: Rounds, name: string, unit: string, measure: string) => ({
        name,
        unit,
        baseline: series(measured, 'plain', measure),
        ours: series(measured, 'epics', measure),
      });
      return {
        title: 'epics of one task against plain workflows of as many effects, rows, children and messages',
        subject: `${SERVERS[history]}, PostgreSQL with fsync, one worker, a project for each epic`,
        rows: [
          {
            ...row(alone, 'one after the other: events that the work needs', '1/s', 'perSecond'),
            gate: { wants: 'atLeast', target: 0.85, floor: 0.6 },
          },
          {
            ...row(many, `${epics} at once: events that the work needs`, '1/s', 'perSecond'),
            gate: { wants: 'atLeast', target: 0.85, floor: 0.4 },
          },
          row(many, `${epics} at once: events of all histories`, '1/s', 'allPerSecond'),
          row(many, `${epics} at once: processor time of the worker, an epic`, 'CPU ms', 'workerCpuMs'),
        ],
      };
    } finally {
      await rig.stop();
    }
  },
};

/** @param size how many at once, asked anew by each arm of each round */
const arms = (rig: FactoryRig, size: () => number) => ({
  plain: () => growth(rig, size(), runPlain),
  epics: () => growth(rig, size(), runEpics),
});

type Run = (rig: FactoryRig, epics: number) => Promise<() => Promise<number>>;

const growth = async (rig: FactoryRig, epics: number, run: Run): Promise<Measures> => {
  const before = cpuSeconds(rig.workerPid);
  let count: () => Promise<number> = async () => 0;
  const tookMs = await timeMs(async () => {
    count = await run(rig, epics);
  });
  const usedSeconds = cpuSeconds(rig.workerPid) - before;
  const perSecond = (events: number): number => events / (tookMs / 1_000);
  return {
    perSecond: perSecond(epics * NEEDED),
    allPerSecond: perSecond(await count()),
    workerCpuMs: (usedSeconds / epics) * 1_000,
  };
};

const runPlain: Run = async ({ client }, epics) => {
  const args = [plainEpic(TASKS, TURNS)];
  const one = () =>
    client.workflow.execute('plain', { taskQueue: QUEUE.shared, workflowId: `plain/${randomUUID()}`, args });
  await Promise.all(Array.from({ length: epics }, one));
  // Its events are those that the work needs: there is nothing else in it.
  return async () => epics * NEEDED;
};

const runEpics: Run = async (rig, count) => {
  const epics = await Promise.all(Array.from({ length: count }, () => seedPlannedEpic(rig, TASKS)));
  await Promise.all(epics.map((epic) => runEpic(rig, epic)));
  return async () => {
    let events = 0;
    for (const { projectId } of epics)
      for (const history of await historiesOf(rig, projectId)) events += history.events;
    return events;
  };
};
