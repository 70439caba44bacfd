import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { sleep } from '@temporalio/workflow';
import { FORGE_LIMIT } from '../../domain/forge/rate.js';

/** Where the forge named no time. */
const LEAST_WAIT_MS = 1_000;

/** For how long the forge takes no more of us; undefined for any other error. */
export function forgeLimitMs(error: unknown): number | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'RateLimited') return undefined;
  const [details] = cause.details ?? [];
  if (typeof details !== 'object' || details === null || !('reason' in details)) return undefined;
  if (details.reason !== FORGE_LIMIT || !('limitedMs' in details)) return undefined;
  return Math.max(LEAST_WAIT_MS, Number(details.limitedMs));
}

/** Does the work, as often as it takes to find the forge unlimited. */
export type Outlast = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A limited forge is waited for by a timer: it may take longer than any policy is patient, it says nothing about the
 * work, and no person can help. @param wait how it is waited, and shown meanwhile
 */
export const outlastLimits =
  (wait: (ms: number) => Promise<void> = async (ms) => await sleep(ms)): Outlast =>
  async (work) => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const limitedMs = forgeLimitMs(error);
        if (limitedMs === undefined) throw error;
        await wait(limitedMs);
      }
    }
  };
