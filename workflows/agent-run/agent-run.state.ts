// Pure: what a run is. Every change goes through `become`, which keeps the clock and the log of transitions.

import { pathTo } from '../../domain/state-path.js';
import { isTerminal, RUN_MACHINE, type RunState } from '../../domain/states.js';
import { type NoRoom, noRoomWords } from '../../domain/waiting-words.js';
import type { RunFacts, RunPatch, SavedRun } from '../contract/activities/store.js';
import type { AgentRunInput, AgentRunOutcome, AgentRunView, RunHost, StopCommand } from '../contract/agent-run.js';
import type { LifecycleEntry } from '../contract/lifecycle.js';
import type { PausedBy } from '../contract/messages.js';
import { holdWords } from '../support/holds.js';
import { EMPTY_LOG, type LifecycleLog, noted, stored, transitionEntry } from '../support/lifecycle-log.js';

/** An outcome before it is known on which host it ends; distributes over the union. */
type WithoutHost<T> = T extends unknown ? Omit<T, 'host' | 'checkpointSha' | 'unread' | 'unanswered'> : never;
export type Ending = WithoutHost<AgentRunOutcome>;

/** A question that the run asked and cannot go on without. */
export interface Question {
  readonly mailId: string;
  readonly of: string;
}

/** What the row shows. */
export type RunShown = Required<Pick<RunPatch, 'state' | 'pausedBy' | 'hostQueue' | 'treeId'>> &
  Pick<RunPatch, 'outcome' | 'error' | 'summary'>;

export interface AgentRunState {
  readonly facts?: RunFacts;
  readonly state: RunState;
  readonly pausedBy: readonly PausedBy[];
  readonly host: RunHost;
  readonly checkpointSha?: string;
  /** Next turn to take. */
  readonly turn: number;
  /** Mail for the next turn. */
  readonly inbox: readonly string[];
  /** Facts for the next turn. */
  readonly notes: readonly string[];
  /** Ignored files, and files that git cannot keep, that the agent has been told of. */
  readonly toldNotKept?: readonly string[];
  readonly asked: readonly Question[];
  /** The mail that asked for a higher budget; its answer lifts the hold. */
  readonly budgetMailId?: string;
  readonly budgetGrants: number;
  readonly quotaUntilMs?: number;
  /** Its tree is to be made anew, and no host that answered has room. */
  readonly noRoom?: NoRoom;
  readonly silentTurns: number;
  readonly malformedTurns: number;
  readonly lostTurns: number;
  readonly stop?: StopCommand;
  /** How it ends once nothing holds it. */
  readonly ending?: Ending;
  readonly outcome?: AgentRunOutcome;
  /** Unpaused time until `clockAtMs`. */
  readonly usedMs: number;
  readonly clockAtMs: number;
  /** Mail already handed in, newest last. */
  readonly seen: readonly string[];
  readonly answered: readonly string[];
  readonly log: LifecycleLog;
  readonly revision: number;
  readonly shown?: RunShown;
  /** What the parent was told last: see `tellingOf`. */
  readonly told?: string;
}

export function restore(input: AgentRunInput, nowMs: number): AgentRunState {
  // Written by `carry` of an earlier run of this same workflow.
  if (input.carried) return input.carried as AgentRunState;
  return {
    state: 'pending',
    pausedBy: input.pausedBy ?? [],
    host: input.host,
    turn: 0,
    inbox: [],
    notes: [],
    asked: [],
    budgetGrants: 0,
    silentTurns: 0,
    malformedTurns: 0,
    lostTurns: 0,
    usedMs: 0,
    clockAtMs: nowMs,
    seen: [],
    answered: [],
    log: EMPTY_LOG,
    revision: 0,
  };
}

/** Plain JSON already; nothing in it is bound to one history. */
export const carry = (run: AgentRunState): AgentRunState => run;

export const opened = (run: AgentRunState, facts: RunFacts): AgentRunState => ({
  ...run,
  facts,
  turn: facts.sealedTurns,
  revision: facts.revision,
});

/** The deadline counts work: not pauses, not waiting for an answer, not a provider's quota. */
export const isCounting = (run: AgentRunState): boolean =>
  run.facts !== undefined &&
  run.outcome === undefined &&
  run.pausedBy.length === 0 &&
  run.asked.length === 0 &&
  run.quotaUntilMs === undefined;

export const remainingMs = (run: AgentRunState, nowMs: number): number =>
  (run.facts?.deadlineMs ?? Number.POSITIVE_INFINITY) -
  run.usedMs -
  (isCounting(run) ? Math.max(0, nowMs - run.clockAtMs) : 0);

const ROW_STATE: Record<AgentRunOutcome['kind'], RunState> = {
  completed: 'completed',
  // The run itself did what it could; that its task is blocked is the task's state.
  blocked: 'completed',
  failed: 'failed',
  timeout: 'timeout',
  stopped: 'stopped',
  cancelled: 'cancelled',
  lost: 'orphaned',
  ended: 'cancelled',
};

const stateOf = (run: AgentRunState): RunState => {
  if (run.outcome) return ROW_STATE[run.outcome.kind];
  if (!run.facts) return 'pending';
  if (run.pausedBy.length > 0) return 'paused';
  return run.asked.length > 0 ? 'waiting' : 'running';
};

/** The one way in which a run changes: advances the clock, derives the state, writes each step of it to the log. */
export function become(
  before: AgentRunState,
  after: AgentRunState,
  { nowMs, reason, by }: { readonly nowMs: number; readonly reason: string; readonly by?: string },
): AgentRunState {
  const ran = isCounting(before) ? Math.max(0, nowMs - before.clockAtMs) : 0;
  const state = stateOf(after);
  let { log } = after;
  let from = before.state;
  for (const to of pathTo(RUN_MACHINE, from, state, ['running', 'paused', 'waiting'])) {
    log = noted(log, transitionEntry({ species: 'run', from, to, reason, atMs: nowMs, ...(by ? { by } : {}) }));
    from = to;
  }
  return { ...after, state, log, usedMs: before.usedMs + ran, clockAtMs: nowMs };
}

export function seeksRoom({ noRoom: _before, ...run }: AgentRunState, full: NoRoom | undefined): AgentRunState {
  return full === undefined ? run : { ...run, noRoom: full };
}

/** Where it ended, and what it leaves behind. */
export const outcomeOf = (run: AgentRunState, ending: Ending): AgentRunOutcome =>
  // Ending is the union without these fields, so putting them back gives the union again.
  ({
    ...ending,
    host: run.host,
    ...(run.checkpointSha === undefined ? {} : { checkpointSha: run.checkpointSha }),
    ...(run.inbox.length === 0 ? {} : { unread: run.inbox }),
  }) as AgentRunOutcome;

export const ended = (run: AgentRunState, outcome: AgentRunOutcome): AgentRunState => ({ ...run, outcome });

export const isOver = (run: AgentRunState): boolean => isTerminal(RUN_MACHINE, run.state);

export function shownOf(run: AgentRunState): RunShown {
  const { outcome } = run;
  const reason = outcome && 'reason' in outcome ? outcome.reason : undefined;
  return {
    state: run.state,
    // What has ended is held by nobody.
    pausedBy: outcome ? [] : run.pausedBy,
    hostQueue: run.host.hostQueue,
    treeId: run.host.treeId,
    ...(outcome ? { outcome: outcome.kind } : {}),
    ...(reason === undefined ? {} : { error: reason.slice(0, 2000) }),
    ...(outcome?.kind === 'completed' ? { summary: outcome.summary } : {}),
    ...(outcome?.kind === 'failed' && outcome.agentFault ? { crashed: true } : {}),
  };
}

export interface RunSave {
  readonly shown: RunShown;
  readonly entries: readonly LifecycleEntry[];
}

/** What the store does not have yet. */
export function unsaved(run: AgentRunState): RunSave | undefined {
  const shown = shownOf(run);
  if (!run.facts || (JSON.stringify(shown) === JSON.stringify(run.shown) && run.log.pending.length === 0)) return;
  return { shown, entries: run.log.pending };
}

export const saved = (run: AgentRunState, save: RunSave, { revision, unanswered }: SavedRun): AgentRunState => ({
  ...run,
  shown: save.shown,
  log: stored(run.log, save.entries),
  revision,
  ...(run.outcome && unanswered ? { outcome: { ...run.outcome, unanswered } } : {}),
});

/** A parent hears of every new state, and of a hold or an answer that left the state as it was. */
export const tellingOf = ({ state, pausedBy, asked, noRoom }: AgentRunState): string =>
  `${state}/${pausedBy.join()}/${asked.length}${noRoom ? '/room' : ''}`;

export const told = (run: AgentRunState, telling: string): AgentRunState => ({ ...run, told: telling });

/** Tools name receivers as agents do. */
const whom = (of: string): string => (of === 'supervisor' ? 'its supervisor' : of === 'human' ? 'a person' : of);

export function waitingFor(run: AgentRunState, nowMs: number): string | undefined {
  if (run.outcome) return undefined;
  if (run.pausedBy.length > 0) return holdWords(run.pausedBy);
  if (run.noRoom) return noRoomWords(run.noRoom);
  const [question] = run.asked;
  if (question) return `an answer from ${whom(question.of)}`;
  if (run.quotaUntilMs !== undefined && run.quotaUntilMs > nowMs)
    return `the model's quota, until ${new Date(run.quotaUntilMs).toISOString()}`;
  return undefined;
}

export function viewOf(run: AgentRunState, nowMs: number): AgentRunView {
  const waits = waitingFor(run, nowMs);
  const [question] = run.asked;
  return {
    state: run.state,
    revision: run.revision,
    pausedBy: run.pausedBy,
    turn: run.turn,
    ...(waits === undefined ? {} : { waitingFor: waits }),
    ...(question === undefined ? {} : { waitingMailId: question.mailId }),
  };
}
