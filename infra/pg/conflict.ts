import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';
import { isTransactionConflict } from './failures.js';

const RETRIES = 3;

/** Runs a transaction again, at most three times, that a serialization failure or a deadlock has undone as a whole. */
export const repeatedOnConflict = async <T>(run: () => Promise<T>): Promise<T> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Failure) || !isTransactionConflict(error) || attempt >= RETRIES) throw error;
      // Jitter: two transactions that met once would otherwise meet again.
      await sleep(Math.random() * 25 * 2 ** attempt);
    }
  }
};
