// Pure: what messages do to a task, and when they are refused. They record; next-step.ts decides.
import type { Refusal } from '../../domain/failures.js';
import type { AgentRunOutcome } from '../contract/agent-run.js';
import type { RunChanged } from '../contract/epic.js';
import type { OwnerForgeEvent, RebaseRequestMessage } from '../contract/forge-event.js';
import type { AdmittedMessage, ControlCommand, HoldMessage, MailMessage } from '../contract/messages.js';
import { withHold } from '../support/holds.js';
import { withSeen } from '../support/seen.js';
import { afterRun } from './after-run.js';
import { BY_MAIL, withMail } from './stages.js';
import type { TaskFlow } from './task.state.js';

export function whyNotControl(task: TaskFlow, cmd: ControlCommand): Refusal | undefined {
  if (task.landed) return { type: 'InvalidState', message: 'The task has landed.' };
  if (task.stage.kind === 'end') return { type: 'InvalidState', message: `The task is ${task.state}.` };
  if (task.cancel) return { type: 'InvalidState', message: 'The task is being cancelled.' };
  if (cmd.expectedRevision !== undefined && cmd.expectedRevision < task.revision)
    return { type: 'StaleVersion', message: `The task has changed: it is at revision ${task.revision}.` };
  return undefined;
}

export const whyNotCancel = whyNotControl;

/** A second pause tells who sends it that it is one, as an epic's does; a repeated request never comes here. */
export const whyNotPause = (task: TaskFlow, cmd: ControlCommand): Refusal | undefined =>
  whyNotControl(task, cmd) ??
  (task.pausedBy.includes('person') ? { type: 'InvalidState', message: 'The task is paused already.' } : undefined);

/** What a person may lift: their own pause, and whatever blocks the task. */
export function whyNotResume(task: TaskFlow, cmd: ControlCommand): Refusal | undefined {
  const refusal = whyNotControl(task, cmd);
  if (refusal) return refusal;
  if (task.pausedBy.includes('person') || task.stage.kind === 'blocked') return undefined;
  return { type: 'InvalidState', message: whyHeld(task) };
}

/** Says what to resume instead, where something else holds the work. */
function whyHeld({ pausedBy, run, stage }: TaskFlow): string {
  if (pausedBy.length > 0) return 'The task is held by its epic or the factory; resume that.';
  return stage.kind === 'running' && run?.state === 'paused'
    ? `The task is not paused: its run ${run.runId} is; resume that.`
    : 'The task is not paused.';
}

export const paused = (task: TaskFlow): TaskFlow => ({ ...task, pausedBy: withHold(task.pausedBy, 'person', true) });

export const resumed = (task: TaskFlow, { by }: ControlCommand): TaskFlow => ({
  ...task,
  pausedBy: withHold(task.pausedBy, 'person', false),
  ...(task.stage.kind === 'blocked' ? { wake: { by } } : {}),
});

export const cancelled = (task: TaskFlow, cmd: ControlCommand): TaskFlow =>
  task.landed || task.stage.kind === 'end' ? task : { ...task, cancel: task.cancel ?? cmd };

export const held = (task: TaskFlow, { by, on }: HoldMessage): TaskFlow => ({
  ...task,
  pausedBy: withHold(task.pausedBy, by, on),
});

export const admitted = (task: TaskFlow, { slots }: AdmittedMessage): TaskFlow => ({ ...task, slots });

/** To the live run, else kept for the next one; the answer to what blocks the task starts that. */
export function mailed(task: TaskFlow, mail: MailMessage): TaskFlow {
  if (task.seen.includes(mail.mailId)) return task;
  const known = { ...task, seen: withSeen(task.seen, mail.mailId) };
  const { stage, run } = known;
  if (stage.kind === 'running' && run) {
    const answering = run.answering || (run.state === 'waiting' && mail.answers !== undefined);
    return { ...known, run: { ...run, answering }, forRun: [...known.forRun, mail] };
  }
  const kept = { ...known, inbox: [...known.inbox, mail.mailId] };
  if (stage.kind !== 'blocked') return kept;
  const isAnswer = mail.answers !== undefined && mail.answers === stage.mail?.mailId;
  return isAnswer || stage.anyMail ? { ...kept, wake: { by: BY_MAIL } } : kept;
}

/** Mail that could not reach its run waits for the next; what reached it counts for whoever does its work again. */
export function handedOn(task: TaskFlow, { mailId }: MailMessage, answer: 'told' | 'gone'): TaskFlow {
  const known = { ...task, forRun: task.forRun.filter((other) => other.mailId !== mailId) };
  if (answer === 'gone') return { ...known, inbox: [...task.inbox, mailId] };
  return task.run ? { ...known, run: { ...task.run, next: withMail(task.run.next, [mailId]) } } : known;
}

export function runSaid(task: TaskFlow, { runId, state, outcome, waitingFor }: RunChanged, nowMs: number): TaskFlow {
  if (task.run?.runId !== runId || task.stage.kind !== 'running') return task;
  if (outcome) return afterRun(task, outcome);
  const answering = state === 'waiting' && task.forRun.some(({ answers }) => answers !== undefined);
  const { waitingFor: _before, ...run } = task.run;
  const waits = waitingFor === undefined ? {} : { waitingFor };
  return { ...task, run: { ...run, ...waits, state, answering, heardAtMs: nowMs } };
}

/** Its workflow is closed. What it said before counts; without an outcome it died. */
export function runClosed(task: TaskFlow, runId: string, outcome?: unknown): TaskFlow {
  if (task.run?.runId !== runId || task.stage.kind !== 'running' || !task.host) return task;
  const died = { kind: 'lost', reason: 'its workflow ended without a word', host: task.host } as const;
  // The result of our own workflow `agentRun`.
  return afterRun(task, (outcome as AgentRunOutcome | undefined) ?? died);
}

export function forged(task: TaskFlow, event: OwnerForgeEvent): TaskFlow {
  if (event.kind === 'laneChanged') return event.mode === 'open' ? { ...task, laneOpen: true } : task;
  if (task.entry?.entryId !== event.entryId) return task;
  const { entry: _ended, rebase: _answered, ...rest } = task;
  switch (event.kind) {
    case 'entryLanded':
      return { ...rest, landed: { mergeSha: event.mergeSha } };
    case 'entryEjected':
      return { ...rest, ejected: { reason: event.reason, next: event.next, checks: event.detail.failedChecks } };
    case 'entryWithdrawn':
      return { ...rest, withdrawn: { by: event.by } };
  }
}

/** The same request with another tip amends it; a repeat changes nothing. */
export function rebaseAsked(task: TaskFlow, request: RebaseRequestMessage): TaskFlow {
  if (task.entry?.entryId !== request.entryId || request.headSha !== task.headSha) return task;
  return { ...task, rebase: request, entry: { ...task.entry, rebasing: true } };
}
