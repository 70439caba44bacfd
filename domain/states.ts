// State machines as data (SPEC section 3). Every pair is tested.

export type Machine<S extends string> = Readonly<Record<S, readonly S[]>>;

export const EPIC_MACHINE = {
  PLANNING: ['IN_PROGRESS', 'BLOCKED', 'CANCELLED'],
  IN_PROGRESS: ['BLOCKED', 'COMPLETED', 'CANCELLED'],
  BLOCKED: ['PLANNING', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'],
  COMPLETED: [],
  CANCELLED: [],
} as const;
export type EpicState = keyof typeof EPIC_MACHINE;

export const EPIC_PHASES = ['planning', 'awaiting_approval', 'executing', 'integrating', 'awaiting_merge'] as const;
/** Refines an epic's state for people. */
export type EpicPhase = (typeof EPIC_PHASES)[number];

export const TASK_MACHINE = {
  PENDING: ['ASSIGNED', 'BLOCKED', 'SKIPPED', 'CANCELLED'],
  ASSIGNED: ['IN_PROGRESS', 'PENDING', 'BLOCKED', 'FAILED', 'CANCELLED'],
  IN_PROGRESS: ['REVIEW', 'PENDING', 'BLOCKED', 'FAILED', 'CANCELLED'],
  REVIEW: ['IN_PROGRESS', 'COMPLETED', 'BLOCKED', 'FAILED', 'CANCELLED'],
  BLOCKED: ['PENDING', 'IN_PROGRESS', 'REVIEW', 'FAILED', 'CANCELLED'],
  FAILED: ['PENDING', 'CANCELLED'],
  SKIPPED: ['PENDING'],
  COMPLETED: [],
  CANCELLED: [],
} as const;
export type TaskState = keyof typeof TASK_MACHINE;

export const RUN_MACHINE = {
  pending: ['queued', 'running', 'failed', 'cancelled'],
  queued: ['running', 'failed', 'cancelled', 'timeout'],
  running: [
    'waiting',
    'completed',
    'partially_completed',
    'failed',
    'timeout',
    'paused',
    'stopped',
    'degraded',
    'cancelled',
    'orphaned',
  ],
  waiting: ['running', 'paused', 'stopped', 'cancelled', 'timeout'],
  paused: ['running', 'waiting', 'stopped', 'cancelled', 'failed', 'timeout'],
  degraded: [
    'running',
    'paused',
    'completed',
    'partially_completed',
    'failed',
    'stopped',
    'timeout',
    'cancelled',
    'orphaned',
  ],
  partially_completed: ['running', 'completed'],
  completed: [],
  failed: [],
  timeout: [],
  stopped: [],
  orphaned: [],
  cancelled: [],
} as const;
export type RunState = keyof typeof RUN_MACHINE;

export const RUN_KINDS = ['planning', 'supervision', 'execution', 'debug', 'integration'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** Whether the table allows the step. Staying where one is, is no transition. */
export const canBecome = <S extends string>(machine: Machine<S>, from: S, to: S): boolean => machine[from].includes(to);

export const isTerminal = <S extends string>(machine: Machine<S>, state: S): boolean => machine[state].length === 0;

/** A task that needs nothing further for its epic to end well. */
export const isTaskDone = (state: TaskState): boolean =>
  state === 'COMPLETED' || state === 'SKIPPED' || state === 'CANCELLED';

/** The task's workflow has ended: its epic or the API writes the state from here on. */
export const isTaskClosed = (state: TaskState): boolean => isTaskDone(state) || state === 'FAILED';
