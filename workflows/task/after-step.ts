// Pure: what came of a step, and where the task stands then.
import type { TaskWaits } from '../../domain/task-timing.js';
import type { Fault } from '../support/fault.js';
import { decisionEntry, noted } from '../support/lifecycle-log.js';
import { afterLoss } from './after-run.js';
import { blocked } from './blocking.js';
import { afterCommit, afterMerge, afterVerify } from './rounds.js';
import type { Blocked, LiveRun, NextRun, Stage } from './stages.js';
import type { Committed, Enqueued, Merged, Published, TreeTaken, Verified } from './steps.js';
import { FIRST_RUN, type TaskFlow } from './task.state.js';
import { TAKE_IN, wordOf } from './texts.js';

const messageOf = (fault: Fault): string => (fault.kind === 'failed' ? fault.message : 'it was cancelled');

/** Failures of a tree that another tree mends; anything else needs a person. */
const MENDABLE: readonly string[] = ['Unavailable', 'NeverStarted', 'WorktreeLost', 'Superseded', 'Internal'];

function treeFault(task: TaskFlow, fault: Fault, goal: Blocked['goal']): TaskFlow {
  if (fault.kind === 'cancelled') return task;
  if (MENDABLE.includes(fault.type)) return afterLoss(task, fault.message, goal);
  return blocked(task, { reason: fault.message, ask: { kind: 'run_blocked', reason: fault.message }, goal });
}

const goalOf = (stage: Stage): Blocked['goal'] => (stage.kind === 'blocked' ? stage.goal : stage);

export function afterTree(task: TaskFlow, taken: TreeTaken): TaskFlow {
  switch (taken.kind) {
    case 'tree': {
      const { host, baseSha, isFresh } = taken;
      return { ...task, host, ...(isFresh || task.baseSha === undefined ? { baseSha, onTip: baseSha } : {}) };
    }
    case 'noHost':
      if (taken.fault.kind === 'cancelled') return task;
      return blocked(task, {
        reason: 'no host took the task',
        ask: { kind: 'no_host' },
        needsPerson: true,
        goal: goalOf(task.stage),
      });
    case 'failed':
      return isCheckpointLost(task, taken.fault)
        ? withoutCheckpoint(task, taken.fault.message)
        : treeFault(task, taken.fault, goalOf(task.stage));
  }
}

type Failed = Extract<Fault, { readonly kind: 'failed' }>;

const isCheckpointLost = ({ checkpointSha }: TaskFlow, fault: Fault): fault is Failed =>
  checkpointSha !== undefined && fault.kind === 'failed' && fault.type === 'NotFound';

/** The head, else the base, holds what is left; what a run or a merge had done beyond it is done anew. */
function withoutCheckpoint({ checkpointSha: _lost, ...task }: TaskFlow, reason: string): TaskFlow {
  const { merging } = task;
  if (merging) return afterLoss(task, reason, { kind: 'merge', tip: merging.tip, opensAttempt: false });
  const goal = goalOf(task.stage);
  return afterLoss(task, reason, goal.kind === 'commit' ? AGAIN : goal);
}

const AGAIN: Stage = { kind: 'run', next: { kind: 'execution', context: {}, opensAttempt: false } };

export const afterMerged = (task: TaskFlow, stage: Stage & { readonly kind: 'merge' }, merged: Merged): TaskFlow =>
  merged.kind === 'failed'
    ? treeFault(task, merged.fault, stage)
    : afterMerge(task, stage, { tip: merged.tip, kind: merged.result, files: merged.files });

export function afterCommitted(task: TaskFlow, committed: Committed): TaskFlow {
  if (committed.kind === 'commit') return afterCommit(task, committed.outcome);
  const { merging, checkpointSha: _left, ...rest } = task;
  // Somebody else pushed to the branch: looking where it is asks what to do with that.
  if (isConflict(committed.fault) && task.headSha !== undefined) return { ...rest, stage: { kind: 'publish' } };
  // A clean merge has no checkpoint: with its tree it is gone, and is made anew.
  const again: Blocked['goal'] =
    merging?.clean === true ? { kind: 'merge', tip: merging.tip, opensAttempt: false } : goalOf(task.stage);
  return treeFault(task, committed.fault, again);
}

const isConflict = (fault: Fault): boolean => fault.kind === 'failed' && fault.type === 'Conflict';

export function afterVerified(
  before: TaskFlow,
  verified: Verified,
  { nowMs, waits }: { readonly nowMs: number; readonly waits: TaskWaits },
): TaskFlow {
  const task = withVerdict({ ...before, verifications: before.verifications + 1 }, verified, nowMs);
  if (verified.kind === 'verified') return afterVerify(task, verified.outcome, { tries: verified.tries, nowMs, waits });
  if (verified.fault.kind === 'cancelled') return task;
  const tries = task.stage.kind === 'verify' ? task.stage.tries : 0;
  return afterVerify(task, { kind: 'infra', error: verified.fault.message, machineMs: 0 }, { tries, nowMs, waits });
}

function withVerdict(task: TaskFlow, verified: Verified, nowMs: number): TaskFlow {
  if (verified.kind !== 'verified') return task;
  const { outcome } = verified;
  const checks = 'checks' in outcome ? outcome.checks.map(({ name }) => name).join(', ') : '';
  const round = task.checkRounds + 1;
  const decision = {
    kind: 'verdict',
    title: `checks, round ${round}`,
    decision: wordOf(outcome),
    reasoning: checks,
  } as const;
  const evidence = 'evidence' in outcome ? outcome.evidence.join(' ') : '';
  const head = task.headSha ?? null;
  const data = { outcome: wordOf(outcome), round, checks, machineMs: outcome.machineMs, head, evidence };
  return { ...task, log: noted(task.log, decisionEntry('task.checks', nowMs, decision, data)) };
}

/** `review.required` is 0 in this version: the rule passes every pull request, and says so once. */
const withReview = (task: TaskFlow, nowMs: number): TaskFlow => {
  if (task.prNumber !== undefined) return task;
  const decision = { kind: 'decision', title: 'review_not_required', decision: 'approved by rule' } as const;
  return { ...task, log: noted(task.log, decisionEntry('task.review', nowMs, decision)) };
};

export function afterPublished(before: TaskFlow, published: Published, nowMs: number): TaskFlow {
  const task = published.kind === 'published' ? withReview(before, nowMs) : before;
  if (published.kind === 'failed') {
    if (published.fault.kind === 'cancelled') return task;
    const reason = `the pull request could not be opened: ${messageOf(published.fault)}`;
    return blocked(task, { reason, ask: { kind: 'run_blocked', reason }, goal: { kind: 'publish' } });
  }
  const { number, url, foreignHead } = published.pullRequest;
  const open = { ...task, prNumber: number, ...(url === null ? {} : { prUrl: url }) };
  if (foreignHead !== undefined) return pushedByOthers(open, foreignHead);
  return {
    ...open,
    stage: task.entry ? { kind: 'headPushed' } : { kind: 'enqueue', notBeforeMs: 0 },
  };
}

/** What others pushed lands only when somebody says so; then it is merged with the task's own work, and checked again. */
function pushedByOthers(task: TaskFlow, tip: string): TaskFlow {
  return blocked(task, {
    reason: `somebody else pushed ${tip.slice(0, 12)} to its branch`,
    ask: { kind: 'entry_ejected', reason: 'HEAD_CHANGED', next: TAKE_IN },
    goal: { kind: 'merge', tip, opensAttempt: false },
  });
}

/** The id is known to the queue before its answer is: messages about the entry may come first. */
export const enqueueing = (task: TaskFlow, entryId: string): TaskFlow => {
  const { ejected: _old, withdrawn: _older, rebase: _answered, ...rest } = task;
  return { ...rest, entry: { entryId, rebasing: false } };
};

export function afterEnqueued(
  task: TaskFlow,
  enqueued: Enqueued,
  { nowMs, waits }: { readonly nowMs: number; readonly waits: TaskWaits },
): TaskFlow {
  const { entry: _refused, ...without } = task;
  if (enqueued.kind === 'failed') {
    const reason = `the merge queue could not be asked: ${messageOf(enqueued.fault)}`;
    return blocked(without, {
      reason,
      ask: { kind: 'run_blocked', reason },
      goal: { kind: 'enqueue', notBeforeMs: 0 },
    });
  }
  const { outcome } = enqueued;
  switch (outcome.kind) {
    case 'accepted':
      return { ...task, stage: { kind: 'queued' } };
    case 'exists':
      return {
        ...task,
        stage: { kind: 'queued' },
        ...(task.entry ? { entry: { ...task.entry, entryId: outcome.entryId } } : {}),
      };
    case 'refused': {
      if (outcome.code === 'QUEUE_FULL' || outcome.code === 'LANE_DRAINING')
        return { ...without, stage: { kind: 'enqueue', notBeforeMs: nowMs + waits.laneRetryMs } };
      const reason = `the merge queue refused it: ${outcome.message}`;
      return blocked(without, {
        reason,
        ask: { kind: 'run_blocked', reason },
        goal: { kind: 'enqueue', notBeforeMs: 0 },
      });
    }
  }
}

export function afterHeadPushed(task: TaskFlow, answer: 'told' | 'gone'): TaskFlow {
  if (answer === 'told')
    return { ...task, stage: { kind: 'queued' }, ...(task.entry ? { entry: { ...task.entry, rebasing: false } } : {}) };
  const { entry: _gone, ...rest } = task;
  return { ...rest, stage: { kind: 'enqueue', notBeforeMs: 0 } };
}

/** Before it is sent: an answer may come before the engine has heard that the question went out. */
export const mailNamed = (task: TaskFlow, mailId: string): TaskFlow =>
  task.stage.kind === 'blocked' && task.stage.mail
    ? { ...task, stage: { ...task.stage, mail: { ...task.stage.mail, mailId } } }
    : task;

export const mailSent = (task: TaskFlow, mailId: string): TaskFlow =>
  task.stage.kind === 'blocked' && task.stage.mail?.mailId === mailId
    ? { ...task, stage: { ...task.stage, mail: { ...task.stage.mail, sent: true } } }
    : task;

export const afterBaseRedTold = (task: TaskFlow): TaskFlow =>
  task.stage.kind === 'lane' ? { ...task, stage: { ...task.stage, told: true } } : task;

export const afterStopTold = (task: TaskFlow): TaskFlow =>
  task.run ? { ...task, run: { ...task.run, stopTold: true } } : task;

/** A queue that is gone holds no entry. */
export function afterWithdrawTold(task: TaskFlow, answer: 'told' | 'gone', nowMs: number): TaskFlow {
  const { entry, ...rest } = task;
  return answer === 'gone' || !entry ? rest : { ...rest, entry: { ...entry, withdrawnAtMs: nowMs } };
}

/** Mail that waited goes along with the run, and with every run that has to do its work again. */
export function afterStart(
  task: TaskFlow,
  { runId, next, nowMs }: { readonly runId: string; readonly next: NextRun; readonly nowMs: number },
): TaskFlow {
  const run: LiveRun = {
    runId,
    state: 'pending',
    next,
    heardAtMs: nowMs,
    held: false,
    answering: false,
    stopTold: false,
  };
  const inbox = task.inbox.filter((id) => !next.context.mailIds?.includes(id));
  return { ...task, run, stage: { kind: 'running' }, inbox };
}

/** The owner is told anew, as if it had never heard. */
export const askingAgain = ({ toldOwner: _lost, askAgainAtMs: _over, ...task }: TaskFlow): TaskFlow => task;

export const afterAsked = (task: TaskFlow, nowMs: number): TaskFlow =>
  task.run ? { ...task, run: { ...task.run, heardAtMs: nowMs } } : task;

export const finished = (task: TaskFlow): TaskFlow => ({
  ...task,
  stage: {
    kind: 'end',
    outcome: task.landed ? { kind: 'completed', mergeSha: task.landed.mergeSha } : { kind: 'cancelled' },
  },
});

export const failed = (task: TaskFlow, reason: string): TaskFlow => ({
  ...task,
  stage: { kind: 'end', outcome: { kind: 'failed', reason } },
});

/** Without facts nothing can be done; the row says why, and a person's resume tries again. */
export const openingFailed = (task: TaskFlow, reason: string): TaskFlow => ({
  ...blocked(task, { reason, goal: FIRST_RUN }),
  openFailed: true,
});
