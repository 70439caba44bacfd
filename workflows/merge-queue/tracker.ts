import { TemporalFailure } from '@temporalio/common';
import { sleep } from '@temporalio/workflow';
import { forgeHeldUp } from '../support/forge-limit.js';

/**
 * Coroutines beside the main loop, one per key at a time. A failure that the engine reports is waited out and leaves the
 * work due, so the next plan starts it again; any other error is a bug and fails the workflow task.
 */
export interface Tracker {
  run(key: string, work: () => Promise<void>): void;
  isBusy(key: string): boolean;
  count(): number;
}

/** @param onDone is called after each coroutine: what it left due can be started again */
export function makeTracker(backOffMs: () => number, onDone: () => void): Tracker {
  const running = new Set<string>();
  const guarded = async (key: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      await sleep(forgeHeldUp(error)?.ms ?? backOffMs());
    }
    running.delete(key);
    onDone();
  };
  return {
    run: (key, work) => {
      if (running.has(key)) return;
      running.add(key);
      // Its errors are handled inside; a bug surfaces as an unhandled rejection, which fails the workflow task.
      void guarded(key, work);
    },
    isBusy: (key) => running.has(key),
    count: () => running.size,
  };
}
