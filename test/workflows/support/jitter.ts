import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Longest delay of an activity. Set `MILLWRIGHT_TEST_JITTER_MS=400` to see which races a suite has. */
const MOST_MS = Number(process.env.MILLWRIGHT_TEST_JITTER_MS ?? 0);
const pause = (): Promise<void> => sleep(Math.random() * MOST_MS);

/** Every activity begins and answers late, each by its own time, as on a machine that is slow in turns. */
export const lateActivities: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute: async (input, next) => {
      await pause();
      try {
        return await next(input);
      } finally {
        await pause();
      }
    },
  },
});

export const isJittery = MOST_MS > 0;
