// Pure: how a task stops for people, and how it fails.
import { afterBadAttempt, MAX_ANSWERS_IN_VAIN, MAX_ATTEMPTS } from '../../domain/attempts.js';
import { ANSWER_TO_TASK } from '../../domain/waiting-words.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import type { Blocked, NextRun, Stage } from './stages.js';
import type { TaskFlow } from './task.state.js';

type Goal = Blocked['goal'];

export interface Block {
  readonly reason: string;
  /** Asked by mail; without it the task waits for a person to resume it. */
  readonly ask?: MailTemplate;
  readonly anyMail?: boolean;
  /** Only a person can help, or may. */
  readonly needsPerson?: boolean;
  /** Where it goes on. */
  readonly goal: Goal;
}

/** The mail gets its id right before it is sent. */
export function blocked(task: TaskFlow, { reason, ask, anyMail = false, needsPerson = false, goal }: Block): TaskFlow {
  // Answers that did not help are not bought for ever.
  const asksPerson = needsPerson || (task.answered?.times ?? 0) >= MAX_ANSWERS_IN_VAIN;
  const { run: _ended, ...rest } = task;
  return {
    ...rest,
    stage: {
      kind: 'blocked',
      reason,
      waitingFor: ask ? ANSWER_TO_TASK : 'a person to resume it',
      ...(ask ? { mail: { mailId: '', template: ask, toPerson: asksPerson, sent: false } } : {}),
      anyMail: anyMail && !asksPerson,
      goal,
    },
  };
}

/** Its agent meets what the one before it left behind in the middle of its work. */
export const told = (next: NextRun, reason: string): NextRun => ({
  ...next,
  context: { ...next.context, previousFailure: reason.slice(0, 2000) },
});

/** The agent itself ended badly: another attempt on the same tree, or the end. */
export function attemptFailed(task: TaskFlow, reason: string, again: Stage & { readonly kind: 'run' }): TaskFlow {
  const next = afterBadAttempt(task.attempts);
  const { run: _ended, ...rest } = task;
  if (next.kind === 'fail') {
    // Behind the limit each retry of a person is one attempt more.
    const of = task.attempts > MAX_ATTEMPTS ? '' : ` of ${MAX_ATTEMPTS}`;
    return { ...rest, stage: { kind: 'failing', reason: `${reason} (attempt ${task.attempts}${of})` } };
  }
  return {
    ...rest,
    attempts: next.attempts,
    stage: { kind: 'run', next: { ...told(again.next, reason), opensAttempt: true } },
  };
}
