import { CancellationScope } from '@temporalio/workflow';

/**
 * Runs a whole workflow so that a Temporal cancellation (its parent's, or an operator's in the Web UI) becomes a
 * command like any other: `onCancel` changes state, and the loop ends the work in order.
 */
export function shielded<T>(onCancel: () => void, work: () => Promise<T>): Promise<T> {
  // Rejects when cancellation is requested; that is the message, not an error.
  CancellationScope.current().cancelRequested.catch(onCancel);
  return CancellationScope.nonCancellable(work);
}
