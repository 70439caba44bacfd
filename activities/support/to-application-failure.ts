import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { FAILURES, Failure } from '../../domain/failures.js';
import { FORGE_LIMIT } from '../../domain/forge/rate.js';
import { isShut, LOOK_AGAIN_MS } from '../../domain/forge/shut.js';
import { diskFailure } from '../../infra/disk-failures.js';

const MAX_MESSAGE = 2_000;

/**
 * What the engine gets to see of an activity's error: our type, a message for people and small details. The cause is
 * cut to name and message because the SDK logs and stores the object it gets.
 */
export function toApplicationFailure(error: unknown): unknown {
  if (isCancellation(error) || error instanceof CompleteAsyncError) return error;
  // A TemporalFailure was made on purpose by an adapter that knows the engine.
  if (error instanceof TemporalFailure) return error;
  if (error instanceof Failure) {
    const againMs = forgeAgainMs(error);
    return ApplicationFailure.create({
      type: error.type,
      message: error.message.slice(0, MAX_MESSAGE),
      // A forge that is limited, or shut, outlasts any policy: whoever called waits for it, and says that he does.
      nonRetryable: !FAILURES[error.type].retryable || againMs !== undefined,
      details: [againMs === undefined ? error.details : { ...error.details, againMs }],
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
  const ofDisk = diskFailure(error);
  if (ofDisk) return toApplicationFailure(ofDisk);
  const { name, message } =
    error instanceof Error ? error : { name: 'Error', message: 'A value that is no error was thrown.' };
  return ApplicationFailure.create({
    type: 'Internal',
    message: `${name}: ${message}`.slice(0, MAX_MESSAGE),
    nonRetryable: false,
  });
}

/** When it makes sense to ask the forge again; undefined for what is no business of the forge as a whole. */
const forgeAgainMs = ({ details: { reason }, retryAfterMs = 0 }: Failure): number | undefined =>
  reason === FORGE_LIMIT ? retryAfterMs : isShut(reason) ? LOOK_AGAIN_MS : undefined;

/** `AbortError` counts only under an aborted signal, which the interceptor knows. */
const isCancellation = (error: unknown): boolean => error instanceof CancelledFailure;
