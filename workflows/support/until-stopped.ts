import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

/** Does the work until it ends or `isStopped` says so; then the work is cancelled and answers in its own way. */
export async function untilStopped<T>(isStopped: () => boolean, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  const watch = new CancellationScope();
  const watching = watch
    .run(() => condition(isStopped))
    .then(() => scope.cancel())
    .catch((error: unknown) => {
      // The work ended first: that is what the watch is cancelled for.
      if (!isCancellation(error)) throw error;
    });
  try {
    return await scope.run(work);
  } finally {
    watch.cancel();
    await watching;
  }
}
