import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { type FailureType, isFailureType } from '../../domain/failures.js';

const causeOf = (error: unknown): unknown =>
  error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;

/**
 * What a failed activity or child means. A timeout is `Unavailable`: the policy's patience ended without an answer.
 * A cancellation and any error that is no Temporal failure (a bug) are thrown on.
 */
export function failureType(error: unknown): FailureType {
  const cause = causeOf(error);
  if (cause instanceof TimeoutFailure) return 'Unavailable';
  if (cause instanceof ApplicationFailure) return isFailureType(cause.type) ? cause.type : 'Internal';
  throw error;
}

/** The sentence for people that came with it. */
export function failureMessage(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/** Host work that provably had no effect: only that may move to another host. Ask of calls with one attempt. */
export function neverStarted(error: unknown): boolean {
  const cause = causeOf(error);
  if (cause instanceof TimeoutFailure) return cause.timeoutType === 'SCHEDULE_TO_START';
  return cause instanceof ApplicationFailure && cause.type === 'NeverStarted';
}

export const isCancelled = (error: unknown): boolean => causeOf(error) instanceof CancelledFailure;
