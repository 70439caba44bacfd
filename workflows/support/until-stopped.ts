import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

/** Does the work until it ends or `watch` does; then the work is cancelled and answers in its own way. */
export async function cancelAfter<T>(watch: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  // A scope of its own, ended with the work: a timer in it would otherwise fire in later work.
  const watchScope = new CancellationScope();
  const watching = watchScope
    .run(watch)
    .then(() => scope.cancel())
    .catch((error: unknown) => {
      // The work ended first: that is what the watch is cancelled for.
      if (!isCancellation(error)) throw error;
    });
  try {
    return await scope.run(work);
  } finally {
    watchScope.cancel();
    await watching;
  }
}

/** Does the work until it ends or `isStopped` says so. */
export const untilStopped = <T>(isStopped: () => boolean, work: () => Promise<T>): Promise<T> =>
  cancelAfter(() => condition(isStopped), work);
