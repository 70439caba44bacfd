// Steps that failed after all the patience of their policy. Pure.
import { backoffMs } from '../../domain/epic-timing.js';
import { FAILURES, type FailureType } from '../../domain/failures.js';
import type { ForgeHeldUp } from '../support/forge-limit.js';
import type { Epic, Stuck } from './epic.state.js';

/** Their failures are retried in silence: the row that would show them is what cannot be written. */
const STORE_STEPS: readonly string[] = ['save', 'writeTask', 'mail'];

export const isShown = ({ step }: Stuck): boolean => !STORE_STEPS.includes(step);

/** Something that a person may mend, or must know. */
export const isTrouble = (stuck: Stuck): boolean => isShown(stuck) && stuck.isLimit !== true;

/** Time alone may mend these though the engine's own retries are used up. */
const PASSES: readonly FailureType[] = ['QuotaExhausted', 'DeadlineExceeded', 'NeverStarted', 'WorktreeLost'];

/** What may pass by itself is tried again after a while; for the rest a person resumes the epic. */
export function withStuck(
  epic: Epic,
  step: string,
  failure: { readonly type: FailureType; readonly message: string; readonly forge?: ForgeHeldUp },
  nowMs: number,
): Epic {
  const { forge } = failure;
  if (forge && forge.shut === undefined) return withLimit(epic, step, failure.message, nowMs + forge.ms);
  const tries = (epic.stuck.find((one) => one.step === step)?.tries ?? 0) + 1;
  const passes = FAILURES[failure.type].retryable || PASSES.includes(failure.type) || STORE_STEPS.includes(step);
  // Whom people let in again goes on by itself; that they must is told like any other trouble.
  const waitMs = forge?.ms ?? (passes ? backoffMs(epic.timing, tries) : undefined);
  const until = waitMs === undefined ? {} : { untilMs: nowMs + waitMs };
  return { ...epic, stuck: [...others(epic, step), { step, reason: failure.message, tries, ...until }] };
}

/** Waits for exactly as long as the forge says; what the step has failed with before goes on counting. */
function withLimit(epic: Epic, step: string, reason: string, untilMs: number): Epic {
  const { tries = 0 } = epic.stuck.find((one) => one.step === step) ?? {};
  return { ...epic, stuck: [...others(epic, step), { step, reason, tries, untilMs, isLimit: true }] };
}

/** The step has succeeded. */
export const withoutStuck = (epic: Epic, step: string): Epic =>
  epic.stuck.some((one) => one.step === step) ? { ...epic, stuck: others(epic, step) } : epic;

const others = ({ stuck }: Epic, step: string): readonly Stuck[] => stuck.filter((one) => one.step !== step);
