// Pure: a red head that somebody asks to be checked once more, without an agent's work before.
import type { Refusal } from '../../domain/failures.js';
import { ASKED_AGAIN, MAX_CHECK_ROUNDS } from '../../domain/rounds.js';
import type { RecheckCommand } from '../contract/task.js';
import { decisionEntry, noted } from '../support/lifecycle-log.js';
import { whyNotControl } from './controls.js';
import type { Blocked, Stage } from './stages.js';
import type { TaskFlow } from './task.state.js';

export function whyNotRecheck(task: TaskFlow, cmd: RecheckCommand): Refusal | undefined {
  const refusal = whyNotControl(task, cmd);
  if (refusal) return refusal;
  const { stage, headSha } = task;
  if (cmd.headSha !== headSha) return invalid('The task has a newer commit.');
  if (stage.kind !== 'blocked') return invalid(underWay(stage));
  return isAboutChecks(stage.goal) ? undefined : invalid(`The task waits for something else: ${stage.reason}.`);
}

const invalid = (message: string): Refusal => ({ type: 'InvalidState', message });

const underWay = ({ kind }: Stage): string =>
  kind === 'run' || kind === 'running' || kind === 'commit' || kind === 'merge'
    ? 'Its agent is at work on it; what comes of that is checked.'
    : 'It is being checked, or on its way to the merge queue.';

/** It would be mended, or checked, if somebody let it go on. */
const isAboutChecks = (goal: Blocked['goal']): boolean =>
  goal.kind === 'verify' ||
  (goal.kind === 'run' && goal.next.kind === 'debug' && goal.next.context.failedChecks !== undefined);

const VERIFY: Stage = { kind: 'verify', tries: 0, notBeforeMs: 0 };

/** Red once more asks people again: whoever asked for this has seen to what was wrong, or has not. */
export function rechecked(task: TaskFlow, { by, headSha }: RecheckCommand, nowMs: number): TaskFlow {
  const round = Math.min(task.checkRounds, MAX_CHECK_ROUNDS - 1);
  const said = { kind: 'human', title: 'checks', decision: ASKED_AGAIN, by } as const;
  const data = { outcome: ASKED_AGAIN, round: round + 1, checks: '', head: headSha, evidence: '' };
  return {
    ...task,
    checkRounds: round,
    stage: VERIFY,
    log: noted(task.log, decisionEntry('task.checks', nowMs, said, data)),
  };
}
