import { Failure } from '../../domain/failures.js';
import { isRefusal } from './failures.js';
import type { Queryable } from './statement.js';

/**
 * For the start of a process: a database that is away is waited for by whoever needs it; one that refuses us needs a person.
 * @throws PermissionDenied
 */
export async function requireWelcome(db: Queryable): Promise<void> {
  try {
    await db.query({ name: 'require-welcome', text: 'SELECT 1' });
  } catch (error) {
    if (isRefusal(error)) throw new Failure('PermissionDenied', error.message, error.details, { cause: error });
  }
}
