import { HttpException } from '@nestjs/common';
import { FAILURES, Failure, type FailureDetails } from '../../domain/failures.js';
import { diskFailure } from '../../infra/disk-failures.js';

/** RFC 9457. `code` is stable: a failure type, or one of the API's own. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly details?: FailureDetails;
  /** Of a 500: what to look for in the log. */
  readonly logId?: string;
}

export interface Answer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** An error of ours, to be logged with its cause. */
  readonly isUnexpected: boolean;
}

/** Refusals that only HTTP knows. */
export type ApiErrorCode = 'Unauthenticated' | 'UnknownRoute' | 'IdempotencyKeyReused';

const API_STATUS: Readonly<Record<ApiErrorCode, number>> = {
  Unauthenticated: 401,
  UnknownRoute: 404,
  IdempotencyKeyReused: 422,
};

export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ApiErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const DEFAULT_RETRY_SECONDS = 2;

/** What any thrown value tells the client: never a stack, a statement or a path. @param logId of the log line */
export const toAnswer = (error: unknown, logId: string): Answer => {
  if (error instanceof Failure && error.type !== 'Internal') return failureAnswer(error);
  if (error instanceof ApiError) {
    const headers: Record<string, string> = error.code === 'Unauthenticated' ? { 'www-authenticate': 'Bearer' } : {};
    return { problem: problem(API_STATUS[error.code], error.code, error.message), headers, isUnexpected: false };
  }
  const status = clientErrorStatus(error);
  if (status !== undefined) return { problem: httpProblem(status), headers: {}, isUnexpected: false };
  const ofDisk = diskFailure(error);
  if (ofDisk) return { ...failureAnswer(ofDisk), isUnexpected: true };
  const detail = `Something went wrong on our side. The log has it under ${logId}.`;
  return { problem: { ...problem(500, 'Internal', detail), logId }, headers: {}, isUnexpected: true };
};

const failureAnswer = (failure: Failure): Answer => {
  const { status } = FAILURES[failure.type];
  const mayRetry = status === 503 || status === 429 || failure.retryAfterMs !== undefined;
  const seconds = failure.retryAfterMs === undefined ? DEFAULT_RETRY_SECONDS : Math.ceil(failure.retryAfterMs / 1000);
  const isPublic = Object.keys(failure.details).length > 0 && !isDatabaseDetail(failure.details);
  const details = isPublic ? { details: failure.details } : {};
  return {
    problem: { ...problem(status, failure.type, failure.message), ...details },
    headers: mayRetry ? { 'retry-after': String(Math.max(1, seconds)) } : {},
    isUnexpected: status >= 500 && status !== 503 && status !== 504,
  };
};

/** SQLSTATE and constraint names are for the log. */
const isDatabaseDetail = ({ code, constraint }: FailureDetails): boolean =>
  constraint !== undefined || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code));

const problem = (status: number, code: string, detail: string): Problem => ({
  type: `urn:millwright:problem:${code}`,
  title: TITLES[status] ?? 'Error',
  status,
  code,
  detail,
});

/** Errors that Nest and Fastify throw for requests they cannot read. */
const clientErrorStatus = (error: unknown): number | undefined => {
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
};

/** Of a status alone: nobody can say more of a request that could not be read. */
export const httpProblem = (status: number): Problem => {
  if (status === 404) return problem(404, 'UnknownRoute', 'There is no such route; /api/docs shows those there are.');
  if (status === 413) return problem(413, 'TooLarge', 'The request body is too large.');
  if (status === 415) return problem(415, 'UnsupportedMediaType', 'Send application/json, not compressed.');
  return problem(status, 'InvalidInput', 'The request cannot be read.');
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
