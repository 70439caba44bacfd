import { Failure, type FailureType } from '../../../domain/failures.js';

/** What GitHub answers; undefined where it refuses in one of these ways. @throws every other failure */
export async function unless<T>(refused: readonly FailureType[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Failure && refused.includes(error.type)) return undefined;
    throw error;
  }
}

/** The same for what may be gone, or was never there. */
export const unlessGone = <T>(ask: () => Promise<T>): Promise<T | undefined> => unless(['NotFound'], ask);
