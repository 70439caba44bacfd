// Pure: what a task is. Every change goes through `become`, which derives the row's state and writes the log.
import { pathTo } from '../../domain/state-path.js';
import { TASK_MACHINE, type TaskState } from '../../domain/states.js';
import { type ForgeWait, type NoRoom, noRoomWords } from '../../domain/waiting-words.js';
import type { TaskFacts, TaskPatch } from '../contract/activities/store.js';
import type { RunHost } from '../contract/agent-run.js';
import type { TaskChanged } from '../contract/epic.js';
import type { RebaseRequestMessage } from '../contract/forge-event.js';
import type { LifecycleEntry } from '../contract/lifecycle.js';
import type { ControlCommand, MailMessage, PausedBy } from '../contract/messages.js';
import type { TaskInput, TaskView } from '../contract/task.js';
import {
  decisionEntry,
  EMPTY_LOG,
  type LifecycleLog,
  noted,
  stored,
  transitionEntry,
} from '../support/lifecycle-log.js';
import type { Blocked, LiveRun, Merging, Stage } from './stages.js';
import { runWaits, waitingFor } from './waiting-for.js';
import { wantsSlot } from './wants-slot.js';

/** What the row shows; null clears. */
export type TaskShown = Omit<
  Required<TaskPatch>,
  'targetBranch' | 'baseSha' | 'headSha' | 'prNumber' | 'prUrl' | 'summary'
> &
  Pick<TaskPatch, 'baseSha' | 'headSha' | 'prNumber' | 'prUrl' | 'summary' | 'targetBranch'>;

export interface Entry {
  readonly entryId: string;
  /** The queue waits for a new head. */
  readonly rebasing: boolean;
  /** When the queue was last asked to let it go. */
  readonly withdrawnAtMs?: number;
}

export interface TaskFlow {
  readonly facts?: TaskFacts;
  readonly state: TaskState;
  readonly stage: Stage;
  readonly pausedBy: readonly PausedBy[];
  readonly cancel?: ControlCommand;
  /** A person lifted what blocks it, or the mail came that it waited for. */
  readonly wake?: { readonly by: string };
  /** The row could not be opened; a person's resume tries it again. */
  readonly openFailed?: boolean;
  readonly landed?: { readonly mergeSha: string };
  readonly ejected?: { readonly reason: string; readonly next: string; readonly checks: LaneChecks };
  readonly withdrawn?: { readonly by: string };
  readonly rebase?: RebaseRequestMessage;
  readonly laneOpen: boolean;
  readonly slots: number;
  readonly host?: RunHost;
  readonly run?: LiveRun;
  readonly lastRunId?: string;
  readonly checkpointSha?: string;
  readonly merging?: Merging;
  readonly baseSha?: string;
  readonly headSha?: string;
  /** Newest commit of the target that the head contains. */
  readonly onTip?: string;
  readonly prNumber?: number;
  readonly prUrl?: string;
  readonly summary?: string;
  /** What the last commit left out because the repository ignores it. */
  readonly ignoredFiles?: readonly string[];
  readonly entry?: Entry;
  readonly attempts: number;
  readonly checkRounds: number;
  readonly markerRounds: number;
  readonly rebaseRound: number;
  readonly lostInRow: number;
  /** Answers that it went on with while it was blocked, since its checks last passed on a head that is not `headSha`. */
  readonly answered?: { readonly times: number; readonly headSha?: string };
  /** Numbers verifications, so that a spoiled one leaves no claim to the next. */
  readonly verifications: number;
  /** Mail for the next run. */
  readonly inbox: readonly string[];
  /** Mail for the live run. */
  readonly forRun: readonly MailMessage[];
  readonly seen: readonly string[];
  readonly log: LifecycleLog;
  readonly revision: number;
  readonly shown?: TaskShown;
  readonly toldOwner?: TaskChanged;
  /** When a slot is asked for again, should nobody have answered. */
  readonly askAgainAtMs?: number;
  /** The queue was told that the author of a rebasing entry is paused. */
  readonly toldHeld: boolean;
  /** A step waits for the forge to take requests again. */
  readonly forgeWait?: ForgeWait;
  /** No host that answered has room for its tree. */
  readonly noRoom?: NoRoom;
}

type LaneChecks = readonly {
  readonly name: string;
  readonly failedTests: readonly string[];
  readonly logRef?: string;
}[];

export const FIRST_RUN: Extract<Blocked['goal'], { readonly kind: 'run' }> = {
  kind: 'run',
  next: { kind: 'execution', context: {}, opensAttempt: true },
};

export function restore(input: TaskInput): TaskFlow {
  // Written by `carry` of an earlier run of this same workflow.
  if (input.carried) return input.carried as TaskFlow;
  return {
    state: 'PENDING',
    stage: FIRST_RUN,
    pausedBy: [],
    laneOpen: false,
    slots: input.admitted ? 1 : 0,
    attempts: input.attempt,
    checkRounds: 0,
    markerRounds: 0,
    rebaseRound: 0,
    lostInRow: 0,
    verifications: 0,
    inbox: [],
    forRun: [],
    seen: [],
    log: EMPTY_LOG,
    revision: 0,
    toldHeld: false,
  };
}

/** A step has found the forge limited, or shut. */
export const heldUp = (task: TaskFlow, forgeWait: ForgeWait): TaskFlow => ({ ...task, forgeWait });

export const goingOn = ({ forgeWait: _over, ...task }: TaskFlow): TaskFlow => task;

/** A host was claimed for, and its disk is nearly full. */
export const withoutRoom = (task: TaskFlow, noRoom: NoRoom): TaskFlow => ({ ...task, noRoom });

export const withRoom = ({ noRoom: _over, ...task }: TaskFlow): TaskFlow => task;

/** Plain JSON already; nothing in it is bound to one history. */
export const carry = (task: TaskFlow): TaskFlow => task;

const ENDED = { completed: 'COMPLETED', failed: 'FAILED', cancelled: 'CANCELLED' } as const;

/** The row's state that a stage amounts to. */
function stateOf(task: TaskFlow): TaskState {
  const { stage } = task;
  const beforeWork = (): TaskState => (task.host && task.slots > 0 ? 'ASSIGNED' : 'PENDING');
  switch (stage.kind) {
    case 'run':
      return stage.next.opensAttempt ? beforeWork() : 'IN_PROGRESS';
    case 'merge':
      return stage.opensAttempt ? beforeWork() : 'IN_PROGRESS';
    case 'running':
    case 'commit':
    case 'verify':
    case 'lane':
    case 'failing':
      return 'IN_PROGRESS';
    case 'publish':
    case 'headPushed':
    case 'enqueue':
    case 'queued':
      return 'REVIEW';
    case 'blocked':
      return 'BLOCKED';
    case 'end':
      return stage.outcome.kind === 'ended' ? task.state : ENDED[stage.outcome.kind];
  }
}

const THROUGH: readonly TaskState[] = ['PENDING', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW'];

export interface Change {
  readonly nowMs: number;
  readonly reason: string;
  readonly by?: string;
}

/** The one way in which a task changes: derives the state and writes each step of it, and each recovery, to the log. */
export function become(before: TaskFlow, task: TaskFlow, { nowMs, reason, by }: Change): TaskFlow {
  if (!task.facts) return task;
  const state = stateOf(task);
  let { log } = task;
  if (!before.facts) for (const caveat of task.facts.caveats ?? []) log = noted(log, caveatEntry(caveat, nowMs));
  let from = task.state;
  for (const to of pathTo(TASK_MACHINE, from, state, THROUGH)) {
    const why = to === 'BLOCKED' ? blockedWords(task.stage, reason) : reason;
    log = noted(log, transitionEntry({ species: 'task', from, to, reason: why, atMs: nowMs, ...(by ? { by } : {}) }));
    from = to;
  }
  const recovery = recoveryOf(before, task);
  if (recovery) {
    const decision = { kind: 'recovery', title: recovery, decision: 'go on', reasoning: reason } as const;
    log = noted(log, decisionEntry('task.recovery', nowMs, decision, { attempt: task.attempts }));
  }
  return { ...task, state, log };
}

/** What a person must know who reads the log, rather than what made the task look at itself. */
const blockedWords = (stage: Stage, reason: string): string =>
  stage.kind === 'blocked' ? stage.reason.slice(0, 500) : reason;

/** Told with every task: whoever reads its log must not take it for tested, or for contained. */
const caveatEntry = (caveat: string, nowMs: number) =>
  decisionEntry('task.caveat', nowMs, { kind: 'decision', title: caveat, decision: 'by an admin' }, { caveat });

function recoveryOf(before: TaskFlow, after: TaskFlow): string | undefined {
  if (before.facts && after.attempts > before.attempts) return `attempt ${after.attempts}`;
  return after.lostInRow > before.lostInRow
    ? 'a working tree was lost; it is made anew from the last checkpoint'
    : undefined;
}

const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: V });

export function shownOf(task: TaskFlow): TaskShown {
  const { stage, facts } = task;
  return {
    state: task.state,
    // What has ended is held by nobody.
    pausedBy: stage.kind === 'end' ? [] : task.pausedBy,
    attempts: task.attempts,
    assignedAgentId: facts?.agentId ?? '',
    blockedReason: stage.kind === 'blocked' ? stage.reason.slice(0, 2000) : null,
    failureReason: stage.kind === 'end' && stage.outcome.kind === 'failed' ? stage.outcome.reason.slice(0, 2000) : null,
    waitingFor: waitingFor(task) ?? null,
    ...optional('targetBranch', facts?.targetBranch),
    ...optional('baseSha', task.baseSha),
    ...optional('headSha', task.headSha),
    ...optional('prNumber', task.prNumber),
    ...optional('prUrl', task.prUrl),
    ...optional('summary', task.summary),
  };
}

export interface TaskSave {
  readonly shown: TaskShown;
  readonly entries: readonly LifecycleEntry[];
}

/** What the store does not have yet. */
export function unsaved(task: TaskFlow): TaskSave | undefined {
  if (!task.facts) return undefined;
  const shown = shownOf(task);
  if (JSON.stringify(shown) === JSON.stringify(task.shown) && task.log.pending.length === 0) return undefined;
  return { shown, entries: task.log.pending };
}

export const saved = (task: TaskFlow, save: TaskSave, revision: number): TaskFlow => ({
  ...task,
  shown: save.shown,
  log: stored(task.log, save.entries),
  revision,
});

/** What the owner should know. */
export function changedOf(task: TaskFlow, { taskId, attempt }: TaskInput): TaskChanged {
  const { stage } = task;
  const reason =
    stage.kind === 'blocked'
      ? stage.reason
      : stage.kind === 'end' && stage.outcome.kind === 'failed'
        ? stage.outcome.reason
        : stage.kind === 'running'
          ? runWaits(task.run)
          : task.noRoom && noRoomWords(task.noRoom);
  return {
    taskId,
    attempt,
    attempts: task.attempts,
    state: task.state,
    wantsSlot: wantsSlot(task),
    hasBranch: task.headSha !== undefined,
    ...optional('landedSha', task.landed?.mergeSha),
    ...optional('reason', reason?.slice(0, 500)),
  };
}

export function viewOf(task: TaskFlow): TaskView {
  return {
    state: task.state,
    revision: task.revision,
    pausedBy: task.pausedBy,
    attempt: task.attempts,
    ...optional('waitingFor', waitingFor(task)),
    ...optional('headSha', task.headSha),
    ...optional('prNumber', task.prNumber),
    ...optional('runId', task.run?.runId),
  };
}
