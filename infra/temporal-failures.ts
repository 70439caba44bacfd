import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Failure, isFailureType } from '../domain/failures.js';

const GRPC = { deadlineExceeded: 4, notFound: 5, resourceExhausted: 8, failedPrecondition: 9, unavailable: 14 };

const unavailable = (message: string, cause: unknown): Failure =>
  new Failure('Unavailable', message, {}, { cause, retryAfterMs: 2_000 });

/** Says what an error of the Temporal client means to whoever asked the API. */
export const toGatewayFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  if (error instanceof WorkflowUpdateFailedError) return refusalOf(error.cause) ?? internal(error);
  if (error instanceof WorkflowNotFoundError) {
    return new Failure('NotFound', 'Its workflow is not running.', {}, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return unavailable('No worker answered in time. The command may still be carried out.', error);
  }
  const grpc = findGrpcError(error);
  if (grpc === GRPC.notFound) return new Failure('NotFound', 'Its workflow is not running.', {}, { cause: error });
  if (grpc !== undefined && Object.values(GRPC).includes(grpc)) {
    return unavailable('Temporal or its worker cannot answer at the moment.', error);
  }
  return internal(error);
};

const internal = (cause: unknown): Failure => new Failure('Internal', 'Temporal answered unexpectedly.', {}, { cause });

/** The workflow's own words, when it refused the update by one of our types. */
const refusalOf = (cause: unknown): Failure | undefined => {
  if (!(cause instanceof ApplicationFailure)) return undefined;
  if (cause.type === 'AcceptedUpdateCompletedWorkflow') {
    return new Failure('Conflict', 'It ended while the command was being carried out.', {}, { cause });
  }
  if (!isFailureType(cause.type)) return undefined;
  const [reason] = cause.details ?? [];
  return new Failure(cause.type, cause.message, typeof reason === 'string' ? { reason } : {}, { cause });
};

/** The client wraps gRPC errors in `ServiceError`, some of them twice. */
const findGrpcError = (error: unknown): number | undefined => {
  for (let at = error; at instanceof Error; at = at.cause) if (isGrpcServiceError(at)) return at.code;
  return undefined;
};

/** Around a continuation an update may be turned away without having been applied; the same id may simply come again. */
export const isLostInContinuation = (error: unknown): boolean => {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isGrpcServiceError(at)) {
      return at.code === GRPC.failedPrecondition && /unexpected workflow task failure/i.test(at.details);
    }
  }
  return false;
};
