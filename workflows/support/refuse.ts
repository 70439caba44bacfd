import { ApplicationFailure } from '@temporalio/common';
import type { Refusal } from '../../domain/failures.js';

/** For validators of updates: throws when a rule refuses, so that nothing reaches the history. */
export function refuse(refusal: Refusal | undefined): void {
  if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.type);
}
