import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { FailureType } from '../../domain/failures.js';
import { failureMessage, failureType, isCancelled, neverStarted } from './failure-type.js';

/** A failed activity as a value, so that drivers need no SDK. */
export type Fault =
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'failed';
      readonly type: FailureType;
      readonly message: string;
      /** It provably had no effect; trustworthy for calls with one attempt only. */
      readonly neverStarted: boolean;
      /** Of QuotaExhausted. */
      readonly resetAtMs?: number;
    };

/** An error that is no failure of the engine is a bug and is thrown on. */
export function faultOf(error: unknown): Fault {
  if (isCancelled(error)) return { kind: 'cancelled' };
  const resetAtMs = resetOf(error);
  return {
    kind: 'failed',
    type: failureType(error),
    message: failureMessage(error),
    neverStarted: neverStarted(error),
    ...(resetAtMs === undefined ? {} : { resetAtMs }),
  };
}

function resetOf(error: unknown): number | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const [details] = cause.details ?? [];
  if (typeof details !== 'object' || details === null || !('resetAt' in details)) return undefined;
  const atMs = Date.parse(String(details.resetAt));
  return Number.isNaN(atMs) ? undefined : atMs;
}
