import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { type AgentRunState, isCounting, remainingMs } from './agent-run.state.js';

/** Does the work until it ends, the run is stopped or its unpaused time is over; then the work is cancelled. */
export async function inTime<T>(read: () => AgentRunState, work: () => Promise<T>): Promise<T> {
  const isOver = (): boolean => read().stop !== undefined || remainingMs(read(), Date.now()) <= 0;
  const overTime = async (): Promise<void> => {
    while (!isOver()) {
      const counts = isCounting(read());
      const changed = (): boolean => isOver() || isCounting(read()) !== counts;
      if (counts) await condition(changed, Math.ceil(remainingMs(read(), Date.now())));
      else await condition(changed);
    }
  };
  const scope = new CancellationScope();
  // A timer of its own, ended with the turn: else it would fire in a later one.
  const watch = new CancellationScope();
  const watching = watch
    .run(overTime)
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
