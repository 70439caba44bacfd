import { createHash } from 'node:crypto';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import type { Caller } from '../auth/caller.js';

const KEY = /^[\x21-\x7e]{1,200}$/;

/** @throws InvalidInput unless it is 1 to 200 visible ASCII characters */
export const readIdempotencyKey = (header: string | readonly string[] | undefined): string | undefined => {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) {
    throw new Failure('InvalidInput', 'Idempotency-Key must be 1 to 200 visible ASCII characters, given once.');
  }
  return header;
};

/** Equal for equal requests: method, path with query, body. */
export const requestHash = (method: string, url: string, body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([method, url, body ?? {}]))
    .digest('hex');

/**
 * The id of what this request makes, or of the update it sends: the same for a repeat with the same key, so that a
 * repeat finds what the first left behind. Without a key it is fresh.
 */
export const requestId = ({ keyId, idempotencyKey }: Caller, purpose: string): string =>
  idempotencyKey === undefined ? uuidv7() : uuidv5(`${purpose}\n${idempotencyKey}`, keyId);
