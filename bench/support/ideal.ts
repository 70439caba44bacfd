// Counted by hand: what an epic needs of the engine, for the benches of events and of speed.

/** What a workflow cannot do without on a day without trouble. */
export interface Ideal {
  /** Effects: each is scheduled, started and completed, and wakes the workflow once. */
  readonly activities: number;
  /** Those of them that must outlast the process: a row each. */
  readonly rows: number;
  /** Messages that come: one event each, and wake the workflow once. */
  readonly heard?: number;
  /** Messages that go: asked for and delivered. */
  readonly sent?: number;
  /** Asked for, started, completed; the last two wake the workflow. */
  readonly children?: number;
}

/** One wake-up of a workflow: its task is scheduled, started and completed. */
const WAKE = 3;

export const eventsOf = ({ activities, heard = 0, sent = 0, children = 0 }: Ideal): number =>
  activities * (3 + WAKE) + heard * (1 + WAKE) + sent * 2 + children * (3 + 2 * WAKE);

/** The start with its first wake-up, and the end. */
export const BEGIN = 1 + WAKE;
export const END = 1;

/**
 * Counted by hand from what the work needs, not from what ours does: no activity for a pure rule, no timer, no signal
 * that tells nothing new.
 */
const epicOf = (tasks: number): Ideal => ({
  // open, branch, plan, four states, both tips and whether one holds the other, pull request, entry, branch deleted
  activities: 13,
  // the plan, four states, the entry
  rows: 6,
  // its admission, each task's slot that is free again, the landing
  heard: 2 + tasks,
  // to the factory: asks, ends
  sent: 2,
  children: tasks,
});
const TASK: Ideal = {
  // open, four states, host, tree, commit, six of a verification, pull request, entry, three that tidy up
  activities: 19,
  // four states, the check, the entry
  rows: 6,
  heard: 1,
  sent: 1,
  children: 1,
};
/** Open, two states, then a model call, a tool and a seal per turn; it tells its end. */
const runOf = (turns: number): Ideal => ({ activities: 3 + 3 * turns, rows: 2 + 2 * turns, sent: 1 });
/** Per entry: inspect, five of the landing, one state; it comes, its build ends, its owner is told. */
const ENTRY: Ideal = { activities: 7, rows: 2, heard: 1, sent: 1, children: 1 };
/** Compose, plan, look up, run and store a check, two states; it tells its verdict. */
const BUILD: Ideal = { activities: 7, rows: 3, sent: 1 };
/** Opened and recorded once; it stays open for the next entry. */
const QUEUE: Ideal = { activities: 2, rows: 1 };

/** Events by species. Every task lands on the epic's branch, the epic on the base: two queues. */
export const idealEpic = (tasks: number, turns: number) => ({
  epic: BEGIN + eventsOf(epicOf(tasks)) + END,
  task: tasks * (BEGIN + eventsOf(TASK) + END),
  agentRun: tasks * (BEGIN + eventsOf(runOf(turns)) + END),
  mergeQueue: 2 * (BEGIN + eventsOf(QUEUE)) + (tasks + 1) * eventsOf(ENTRY),
  mergeBuild: (tasks + 1) * (BEGIN + eventsOf(BUILD) + END),
});

/** A workflow that does so much and nothing else. What it begins runs one after the other. */
export interface PlainWork {
  readonly effects: number;
  /** The first of them leave a row each. */
  readonly rows: number;
  readonly begins: readonly PlainWork[];
}

const plain = ({ activities, rows }: Ideal, begins: readonly PlainWork[] = []): PlainWork => ({
  effects: activities,
  rows,
  begins,
});

/** The same work as `idealEpic` counts, as plain workflows: the queues' is done where something lands. */
export const plainEpic = (tasks: number, turns: number): PlainWork => {
  const entry = plain(both(ENTRY, QUEUE), [plain(BUILD)]);
  const task = plain(TASK, [plain(runOf(turns)), entry]);
  return plain(epicOf(tasks), [...Array.from({ length: tasks }, () => task), entry]);
};

const both = (one: Ideal, other: Ideal): Ideal => ({
  activities: one.activities + other.activities,
  rows: one.rows + other.rows,
});
