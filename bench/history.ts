import type { Bench, Measured } from './comparison.js';
import { historiesOf, runEpic, seedPlannedEpic } from './support/factory/epics.js';
import { FactoryRig } from './support/factory/rig.js';

const TASKS = 5;
const TURNS = 2;

/** What a workflow cannot do without on a day without trouble. */
interface Ideal {
  /** Effects: each is scheduled, started and completed, and wakes the workflow once. */
  readonly activities: number;
  /** Messages that come: one event each, and wake the workflow once. */
  readonly heard?: number;
  /** Messages that go: asked for and delivered. */
  readonly sent?: number;
  /** Asked for, started, completed; the last two wake the workflow. */
  readonly children?: number;
}

/** One wake-up of a workflow: its task is scheduled, started and completed. */
const WAKE = 3;

const eventsOf = ({ activities, heard = 0, sent = 0, children = 0 }: Ideal): number =>
  activities * (3 + WAKE) + heard * (1 + WAKE) + sent * 2 + children * (3 + 2 * WAKE);

/** The start with its first wake-up, and the end. */
const BEGIN = 1 + WAKE;
const END = 1;

/**
 * Counted by hand from what the work needs, not from what ours does: no activity for a pure rule, no timer, no signal
 * that tells nothing new.
 */
const EPIC: Ideal = {
  // open, branch, plan, four states, both tips and whether one holds the other, pull request, entry, branch deleted
  activities: 13,
  // its admission, each task's slot that is free again, the landing
  heard: 2 + TASKS,
  // to the factory: asks, ends
  sent: 2,
  children: TASKS,
};
const TASK: Ideal = {
  // open, four states, host, tree, commit, six of a verification, pull request, entry, three that tidy up
  activities: 19,
  heard: 1,
  sent: 1,
  children: 1,
};
/** Open, two states, then a model call, a tool and a seal per turn; it tells its end. */
const RUN: Ideal = { activities: 3 + 3 * TURNS, sent: 1 };
/** Per entry: inspect, five of the landing, one state; it comes, its build ends, its owner is told. */
const ENTRY: Ideal = { activities: 7, heard: 1, sent: 1, children: 1 };
/** Compose, plan, look up, run and store a check, two states; it tells its verdict. */
const BUILD: Ideal = { activities: 7, sent: 1 };
/** Opened and recorded once; it stays open for the next entry. */
const QUEUE: Ideal = { activities: 2 };

/** Every task lands on the epic's branch, the epic on the base: two queues. */
const ENTRIES = TASKS + 1;
const IDEAL: Readonly<Record<string, number>> = {
  epic: BEGIN + eventsOf(EPIC) + END,
  task: TASKS * (BEGIN + eventsOf(TASK) + END),
  agentRun: TASKS * (BEGIN + eventsOf(RUN) + END),
  mergeQueue: 2 * (BEGIN + eventsOf(QUEUE)) + ENTRIES * eventsOf(ENTRY),
  mergeBuild: ENTRIES * (BEGIN + eventsOf(BUILD) + END),
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** M2: the events of an epic of five tasks, against a count by hand of those that it cannot do without. */
export const historyEconomy: Bench = {
  redWhen: 'polls by timers, makes activities of pure rules, or signals every trifle',
  run: async ({ isSmoke, rounds = isSmoke ? 1 : 3 }) => {
    const rig = await FactoryRig.start({ atOnce: 1, turns: TURNS });
    try {
      const counted: Readonly<Record<string, number>>[] = [];
      // A count needs no warming up.
      for (let round = 0; round < rounds; round++) {
        const epic = await seedPlannedEpic(rig, TASKS);
        await runEpic(rig, epic);
        const histories = await historiesOf(rig, epic.projectId);
        const ofType = (type: string) => sum(histories.filter((one) => one.type === type).map(({ events }) => events));
        counted.push(Object.fromEntries(Object.keys(IDEAL).map((type) => [type, ofType(type)])));
      }
      const row = (name: string, types: readonly string[]): Measured => ({
        name,
        unit: 'events',
        baseline: counted.map(() => sum(types.map((type) => IDEAL[type] ?? 0))),
        ours: counted.map((lengths) => sum(types.map((type) => lengths[type] ?? 0))),
      });
      return {
        title: `history of an epic of ${TASKS} tasks of ${TURNS} turns, landed`,
        subject: 'embedded Temporal server, PostgreSQL, scripted model; forge, trees and checks take no time',
        rows: [
          { ...row('the whole epic', Object.keys(IDEAL)), gate: { wants: 'atMost', target: 1.25, floor: 2 } },
          ...Object.keys(IDEAL).map((type) => row(type, [type])),
        ],
      };
    } finally {
      await rig.stop();
    }
  },
};
