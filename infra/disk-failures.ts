import { Failure } from '../domain/failures.js';
import { errorCode } from './errors.js';

interface Meaning {
  /** Stable word in `details.reason`. Git and PostgreSQL say the same in words of their own, and get the same. */
  readonly reason: 'DISK_FULL' | 'DISK_FAILS';
  readonly message: string;
}

const FULL: Meaning = {
  reason: 'DISK_FULL',
  message: 'No space is left on a disk of this host, or for no file more, or for this user: free some.',
};
const FAILS: Meaning = {
  reason: 'DISK_FAILS',
  message: 'A disk of this host does not read or write what it should: look at its log, and at the disk.',
};

/** A disk that has met errors is mounted anew by the system so that nothing is written to it. */
const MEANINGS: Readonly<Record<string, Meaning>> = { ENOSPC: FULL, EDQUOT: FULL, EIO: FAILS, EROFS: FAILS };

/**
 * What Node says when a disk takes no more, or fails: worth another try once somebody has seen to it, and told without
 * the path. Undefined for any other error.
 */
export const diskFailure = (error: unknown): Failure | undefined => {
  if (error instanceof Failure) return undefined;
  const meaning = MEANINGS[errorCode(error) ?? ''];
  return meaning && new Failure('Unavailable', meaning.message, { reason: meaning.reason }, { cause: error });
};
