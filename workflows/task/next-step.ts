// Pure: what the task does next.
import type { TaskWaits } from '../../domain/task-timing.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import type { RunContext } from '../contract/activities/store.js';
import type { RebaseRequestMessage } from '../contract/forge-event.js';
import { blocked } from './blocking.js';
import { checksRed } from './rounds.js';
import { type Blocked, BY_MAIL, BY_PAUSE, type Stage } from './stages.js';
import type { TaskFlow } from './task.state.js';
import { wantsSlot } from './wants-slot.js';

export type Step =
  | { readonly kind: 'open' }
  /** Until a message changes the task, or until the time given. */
  | { readonly kind: 'wait'; readonly untilMs?: number }
  /** Whoever gives slots has not answered: the ask may be lost. */
  | { readonly kind: 'askAgain' }
  | { readonly kind: 'takeTree' }
  | { readonly kind: 'startRun'; readonly stage: Stage & { readonly kind: 'run' } }
  | { readonly kind: 'askAfterRun'; readonly runId: string }
  | { readonly kind: 'merge'; readonly stage: Stage & { readonly kind: 'merge' } }
  | { readonly kind: 'commit'; readonly summary: string }
  | { readonly kind: 'verify'; readonly tries: number }
  | { readonly kind: 'tellBaseRed'; readonly tip: string; readonly checks: NonNullable<RunContext['failedChecks']> }
  | { readonly kind: 'publish' }
  | { readonly kind: 'tellHeadPushed'; readonly entryId: string }
  | { readonly kind: 'enqueue' }
  | { readonly kind: 'sendMail'; readonly template: MailTemplate; readonly toPerson: boolean }
  | { readonly kind: 'stopRun'; readonly runId: string }
  | { readonly kind: 'withdraw'; readonly entryId: string }
  | { readonly kind: 'fail'; readonly reason: string }
  | { readonly kind: 'finish' };

const WAIT: Step = { kind: 'wait' };
const ENQUEUE: Stage = { kind: 'enqueue', notBeforeMs: 0 };

/** Moves on over everything that was only recorded by messages. Applied before each step. */
export function settle(task: TaskFlow, nowMs: number): TaskFlow {
  const { stage } = task;
  if (task.landed || task.cancel || stage.kind === 'end') return task;
  if (stage.kind === 'blocked' && task.wake) return woken(task, stage);
  if (stage.kind === 'lane' && (task.laneOpen || stage.untilMs <= nowMs))
    return { ...task, laneOpen: false, stage: { kind: 'verify', tries: 0, notBeforeMs: 0 } };
  if (stage.kind === 'merge' && task.rebase) return amended(task, stage, task.rebase);
  if (stage.kind !== 'queued') return task;
  if (task.ejected) return ejected(task, task.ejected);
  if (task.withdrawn) {
    const { withdrawn, ...rest } = task;
    if (withdrawn.by === BY_PAUSE) return { ...rest, stage: ENQUEUE };
    const reason = `its queue entry was withdrawn by ${withdrawn?.by ?? 'somebody'}`;
    return blocked(rest, { reason, goal: { kind: 'enqueue', notBeforeMs: 0 } });
  }
  // Its queue had ended when the pause asked for the entry.
  if (!task.entry) return { ...task, stage: ENQUEUE };
  const { rebase, ...rest } = task;
  if (!rebase) return task;
  // It asked for a head that is not the head any more: the queue has seen the new one, or will.
  if (rebase.headSha !== task.headSha) return rest;
  const merge = { kind: 'merge', tip: rebase.tip, opensAttempt: false } as const;
  return { ...rest, rebaseRound: rebase.round, markerRounds: 0, stage: merge };
}

/** Another landing, before the merge was begun: merge that tip at once. */
function amended(before: TaskFlow, stage: Stage & { readonly kind: 'merge' }, request: RebaseRequestMessage): TaskFlow {
  const { rebase: _taken, ...task } = before;
  return { ...task, rebaseRound: request.round, stage: { ...stage, tip: request.tip } };
}

function woken({ wake, ...task }: TaskFlow, stage: Blocked): TaskFlow {
  const next = { ...task, checkRounds: 0, markerRounds: 0, lostInRow: 0, stage: stage.goal };
  return wake?.by === BY_MAIL ? { ...next, answered: answeredOnce(task) } : next;
}

const answeredOnce = ({ answered, headSha }: TaskFlow): NonNullable<TaskFlow['answered']> => ({
  times: (answered?.times ?? 0) + 1,
  ...(headSha === undefined ? {} : { headSha }),
});

function ejected({ ejected: _told, ...task }: TaskFlow, told: NonNullable<TaskFlow['ejected']>): TaskFlow {
  const { reason, next, checks } = told;
  // Looks where the branch is now, and asks what to do with what others pushed.
  if (reason === 'HEAD_CHANGED') return { ...task, stage: { kind: 'publish' } };
  if ((reason === 'CHECKS_FAILED' || reason === 'CHECK_TIMEOUT') && checks.length > 0) return checksRed(task, checks);
  const ask = { kind: 'entry_ejected', reason, next } as const;
  const why = `the merge queue let it go: ${reason}`;
  return blocked(task, { reason: why, ask, goal: { kind: 'verify', tries: 0, notBeforeMs: 0 } });
}

export function nextStep(task: TaskFlow, nowMs: number, waits: TaskWaits): Step {
  const step = stepOf(task, nowMs, waits);
  if (step.kind !== 'wait' || task.askAgainAtMs === undefined || task.slots > 0 || !wantsSlot(task)) return step;
  const { askAgainAtMs } = task;
  if (askAgainAtMs <= nowMs) return { kind: 'askAgain' };
  return { kind: 'wait', untilMs: Math.min(askAgainAtMs, step.untilMs ?? askAgainAtMs) };
}

function stepOf(task: TaskFlow, nowMs: number, waits: TaskWaits): Step {
  const { stage } = task;
  if (!task.facts) return stage.kind === 'blocked' ? WAIT : { kind: 'open' };
  // A landing that won is a landing, whatever was asked for meanwhile.
  if (task.landed || task.cancel) return windDown(task, nowMs, waits);
  if (stage.kind === 'running') return watchRun(task, nowMs, waits);
  if (task.pausedBy.length > 0) return isHeldInQueue(task) ? leaveQueue(task.entry, nowMs, waits) : WAIT;
  return work(task, stage, nowMs);
}

function work(task: TaskFlow, stage: Exclude<Stage, { kind: 'running' }>, nowMs: number): Step {
  switch (stage.kind) {
    case 'run':
      if (task.slots < 1) return WAIT;
      return task.host ? { kind: 'startRun', stage } : { kind: 'takeTree' };
    case 'merge':
      if (task.slots < 1) return WAIT;
      return task.host ? { kind: 'merge', stage } : { kind: 'takeTree' };
    case 'commit':
      return task.host ? { kind: 'commit', summary: stage.summary } : { kind: 'takeTree' };
    case 'verify':
      return stage.notBeforeMs > nowMs
        ? { kind: 'wait', untilMs: stage.notBeforeMs }
        : { kind: 'verify', tries: stage.tries };
    case 'lane':
      return stage.told
        ? { kind: 'wait', untilMs: stage.untilMs }
        : { kind: 'tellBaseRed', tip: stage.tip, checks: stage.checks };
    case 'publish':
      return { kind: 'publish' };
    case 'headPushed':
      return task.entry ? { kind: 'tellHeadPushed', entryId: task.entry.entryId } : { kind: 'enqueue' };
    case 'enqueue':
      return stage.notBeforeMs > nowMs ? { kind: 'wait', untilMs: stage.notBeforeMs } : { kind: 'enqueue' };
    case 'queued':
      return WAIT;
    case 'failing':
      return { kind: 'fail', reason: stage.reason };
    case 'end':
      return WAIT;
    case 'blocked':
      return stage.mail && !stage.mail.sent
        ? { kind: 'sendMail', template: stage.mail.template, toPerson: stage.mail.toPerson }
        : WAIT;
  }
}

function watchRun({ run }: TaskFlow, nowMs: number, { silentRunMs }: TaskWaits): Step {
  if (!run) return WAIT;
  const untilMs = run.heardAtMs + silentRunMs;
  return untilMs <= nowMs ? { kind: 'askAfterRun', runId: run.runId } : { kind: 'wait', untilMs };
}

/** First the run, then the queue entry, then branch, pull request and tree. */
function windDown(task: TaskFlow, nowMs: number, waits: TaskWaits): Step {
  if (task.stage.kind === 'running' && task.run)
    return task.run.stopTold ? watchRun(task, nowMs, waits) : { kind: 'stopRun', runId: task.run.runId };
  return task.landed ? { kind: 'finish' } : leaveQueue(task.entry, nowMs, waits);
}

/**
 * Nothing of a paused task lands. The factory's hold is on every lane too, so there the entry keeps its seat; so it does
 * while its author resolves a conflict.
 */
const isHeldInQueue = ({ stage, entry, pausedBy }: TaskFlow): boolean =>
  stage.kind === 'queued' && entry?.rebasing === false && pausedBy.some((by) => by !== 'factory');

function leaveQueue(entry: TaskFlow['entry'], nowMs: number, waits: TaskWaits): Step {
  if (!entry) return { kind: 'finish' };
  // A landing that was under way and failed leaves the entry in the queue: ask again until it is out.
  const { entryId, withdrawnAtMs } = entry;
  const againAtMs = withdrawnAtMs === undefined ? nowMs : withdrawnAtMs + waits.laneRetryMs;
  return againAtMs <= nowMs ? { kind: 'withdraw', entryId } : { kind: 'wait', untilMs: againAtMs };
}
