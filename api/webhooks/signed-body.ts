import type { Readable } from 'node:stream';
import { Failure } from '../../domain/failures.js';
import { ApiError } from '../http/problem.js';
import type { ByteRoom } from './byte-room.js';
import type { SignatureCheck } from './signature.js';

export interface BodyRules {
  /** The largest body that is kept. */
  readonly maxBytes: number;
  /** How long a sender may take for it. */
  readonly maxMs: number;
}

/** What is read of a body that is too large, so that its sender gets to read the answer. */
const SKIPPED_BYTES = 32 * 1024 * 1024;

/** Refused by its status alone, as Fastify does. */
export class BodyRefused extends Error {
  constructor(
    readonly statusCode: 408 | 413,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads a body, hashing what comes while it comes. Nothing of one that is too large is kept.
 * @throws Unauthenticated when the signature is not that of these bytes; Unavailable when `room` is full
 */
export const readSigned = async (
  body: Readable,
  check: SignatureCheck,
  { maxBytes, maxMs, room }: BodyRules & { readonly room: ByteRoom },
): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  let taken = 0;
  const keep = (chunk: Buffer): boolean => {
    size += chunk.length;
    if (size > maxBytes) {
      chunks.length = 0;
      return size <= maxBytes + SKIPPED_BYTES;
    }
    room.take(chunk.length);
    taken += chunk.length;
    check.update(chunk);
    chunks.push(chunk);
    return true;
  };
  try {
    await eachChunk(body, keep, maxMs).catch((error: unknown) => {
      // What is too large already is refused for that, however slowly the rest comes.
      if (size <= maxBytes) throw error;
    });
  } finally {
    room.give(taken);
  }
  if (size > maxBytes) throw new BodyRefused(413, 'The body is too large.');
  if (!check.isRight()) throw new ApiError('Unauthenticated', 'The signature is not that of this body.');
  return Buffer.concat(chunks, size);
};

/** Until the end, or until `take` wants no more of it. */
const eachChunk = (body: Readable, take: (chunk: Buffer) => boolean, maxMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (error?: Error): void => {
      clearTimeout(timer);
      body.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      try {
        if (!take(chunk)) stop();
      } catch (error) {
        stop(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const onEnd = (): void => stop();
    const onBroken = (): void => stop(new Failure('InvalidInput', 'The body broke off.'));
    const timer = setTimeout(() => stop(new BodyRefused(408, 'The body did not come in time.')), maxMs);
    body.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
