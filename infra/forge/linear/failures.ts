import { Failure, type FailureType } from '../../../domain/failures.js';
import type { RateAnswer } from '../../../domain/forge/rate.js';

/** One error of an answer, as far as it is known by name. */
export interface LinearError {
  readonly message?: string;
  readonly extensions?: {
    readonly code?: string;
    readonly type?: string;
    readonly userPresentableMessage?: string;
  };
}

/** By `extensions.code`, or by `extensions.type`, which says the same in words. */
const BY_CODE: Readonly<Record<string, readonly [FailureType, string]>> = {
  RATELIMITED: ['RateLimited', 'FORGE_LIMIT'],
  AUTHENTICATION_ERROR: ['PermissionDenied', 'CREDENTIALS'],
  FORBIDDEN: ['PermissionDenied', 'FORBIDDEN'],
  FEATURE_NOT_ACCESSIBLE: ['PermissionDenied', 'FORBIDDEN'],
  USAGE_LIMIT_EXCEEDED: ['PermissionDenied', 'USAGE_LIMIT'],
  INPUT_ERROR: ['InvalidInput', 'REFUSED'],
  INVALID_INPUT: ['InvalidInput', 'REFUSED'],
  USER_ERROR: ['InvalidInput', 'REFUSED'],
  GRAPHQL_ERROR: ['InvalidInput', 'REFUSED'],
  GRAPHQL_VALIDATION_FAILED: ['InvalidInput', 'REFUSED'],
};
const BY_STATUS: Readonly<Record<number, readonly [FailureType, string]>> = {
  401: ['PermissionDenied', 'CREDENTIALS'],
  403: ['PermissionDenied', 'FORBIDDEN'],
  429: ['RateLimited', 'FORGE_LIMIT'],
};

/**
 * One failure for each way in which Linear refuses. What it has no word for is `Unavailable`: whether a write happened
 * is then unknown, and whoever repeats it reads back first.
 */
export function linearFailure(status: number, [error]: readonly LinearError[]): Failure {
  const words = error?.extensions?.userPresentableMessage ?? error?.message ?? 'something that is no answer';
  const message = words.replace(/\p{Cc}+/gu, ' ').slice(0, 300);
  const said = (code: string | undefined): string => code?.toUpperCase().replaceAll(' ', '_') ?? '';
  const [type, reason] = isMissing(error)
    ? (['NotFound', 'GONE'] as const)
    : (BY_CODE[said(error?.extensions?.code)] ??
      BY_CODE[said(error?.extensions?.type)] ??
      BY_STATUS[status] ?? ['Unavailable', 'FORGE']);
  return new Failure(type, `Linear answered ${status}: ${message}`, { reason, status });
}

/** It has no code of its own. */
const isMissing = (error: LinearError | undefined): boolean =>
  /^Entity not found/i.test(error?.message ?? '') ||
  /^Could not find referenced/i.test(error?.extensions?.userPresentableMessage ?? '');

const HOUR_MS = 3_600_000;
/** Both limits refill all the time: nobody has to wait until they are full. */
const ENOUGH = 0.3;
const LEAST_WAIT_MS = 30_000;

/**
 * What the headers say of the requests and of the complexity of an hour: the one of which less is left.
 * @see https://linear.app/developers/rate-limiting
 */
export function linearRate(isLimited: boolean, headers: Headers, nowMs: number): RateAnswer {
  const quotas = ['requests', 'complexity'].flatMap((what) => quotaOf(headers, what) ?? []);
  const tightest = quotas.toSorted((a, b) => a.remaining / a.limit - b.remaining / b.limit)[0];
  const retryAfter = numberOf(headers.get('retry-after'));
  if (tightest === undefined)
    return { isLimited, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter * 1000 }) };
  const { limit, remaining } = tightest;
  const waitMs = Math.max(LEAST_WAIT_MS, Math.round((ENOUGH - remaining / limit) * HOUR_MS));
  const retryAfterMs = retryAfter === undefined ? LEAST_WAIT_MS : retryAfter * 1000;
  return { isLimited, ...(isLimited ? { retryAfterMs } : {}), limit, remaining, resetMs: nowMs + waitMs };
}

function quotaOf(headers: Headers, what: string): { readonly limit: number; readonly remaining: number } | undefined {
  const limit = numberOf(headers.get(`x-ratelimit-${what}-limit`));
  const remaining = numberOf(headers.get(`x-ratelimit-${what}-remaining`));
  return limit === undefined || limit === 0 || remaining === undefined ? undefined : { limit, remaining };
}

const numberOf = (text: string | null): number | undefined => {
  const number = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
};
