import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/**
 * Repeats a keyed write while the database is away. For what was paid for, in money or minutes, and is held in memory
 * only: giving up would buy it again. It ends with the activity's own limits.
 */
export async function keepTrying<T>(write: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof Failure) || error.type !== 'Unavailable' || signal?.aborted) throw error;
      await sleep(waitMs);
    }
  }
}
