import { ApplicationFailure } from '@temporalio/common';
import type { Refusal } from '../../domain/failures.js';
import type { AdmissionCode } from '../../domain/merge/admit.js';

/** Validator of `enqueue`: the code is the failure's first detail, which `enqueueEntry` turns into its outcome. */
export function refuseAdmission(refusal: (Refusal & { readonly code: AdmissionCode }) | undefined): void {
  if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.type, refusal.code);
}
