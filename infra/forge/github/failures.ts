import { RequestError } from '@octokit/request-error';
import { Failure, type FailureType } from '../../../domain/failures.js';
import { FORGE_LIMIT, type RateAnswer } from '../../../domain/forge/rate.js';
import type { ShutReason } from '../../../domain/forge/shut.js';
import { errorMessage } from '../../errors.js';

export type AnswerHeaders = Readonly<Record<string, string | number | undefined>>;

/** What the headers of any answer say about limits. GitHub's times are seconds since the epoch, `retry-after` is seconds. */
export function rateAnswer(status: number, headers: AnswerHeaders, message: string): RateAnswer {
  const retryAfter = numberOf(headers['retry-after']);
  const limit = numberOf(headers['x-ratelimit-limit']);
  const remaining = numberOf(headers['x-ratelimit-remaining']);
  const reset = numberOf(headers['x-ratelimit-reset']);
  const isRefused = status === 429 || status === 403;
  const isLimited =
    status === 429 ||
    (isRefused && (retryAfter !== undefined || remaining === 0 || /rate limit|abuse detection/i.test(message)));
  return {
    isLimited,
    ...(isRefused && retryAfter !== undefined ? { retryAfterMs: retryAfter * 1000 } : {}),
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(reset === undefined ? {} : { resetMs: reset * 1000 }),
  };
}

const numberOf = (value: string | number | undefined): number | undefined => {
  const number = value === undefined || value === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
};

/** By status. 404 is also what a token without rights is told. */
const BY_STATUS: Readonly<Record<number, readonly [FailureType, string]>> = {
  400: ['InvalidInput', 'REFUSED'],
  401: ['PermissionDenied', 'CREDENTIALS'],
  403: ['PermissionDenied', 'FORBIDDEN'],
  404: ['NotFound', 'FORGE'],
  405: ['Conflict', 'NOT_ALLOWED'],
  408: ['Unavailable', 'FORGE'],
  409: ['Conflict', 'MOVED'],
  410: ['NotFound', 'GONE'],
  422: ['InvalidInput', 'REFUSED'],
  423: ['Unavailable', 'FORGE'],
  429: ['RateLimited', FORGE_LIMIT],
  451: ['PermissionDenied', 'LEGAL'],
};

/** What a 403 means by its words alone. */
const SAID: readonly { readonly match: RegExp; readonly reason: ShutReason | 'NOT_IN_PLAN' }[] = [
  { match: /repository was archived|repository is archived/i, reason: 'ARCHIVED' },
  { match: /installation has been suspended/i, reason: 'SUSPENDED' },
  { match: /^upgrade to github /i, reason: 'NOT_IN_PLAN' },
];

/**
 * One failure for each way in which the forge refuses. A call that was sent and has no answer is `Unavailable`: whoever
 * repeats it reads back first. Neither address nor body of the request is repeated.
 * @param pausedMs how long the limit says to wait, when it was a limit
 */
export function forgeFailure(error: unknown, pausedMs?: number): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof RequestError))
    return new Failure('Unavailable', `the forge did not answer: ${errorMessage(error)}`, { reason: 'FORGE' });
  const message = firstLine(error.message);
  if (pausedMs !== undefined)
    return new Failure(
      'RateLimited',
      `the forge limits us: ${message}`,
      { reason: FORGE_LIMIT, status: error.status },
      { retryAfterMs: pausedMs },
    );
  const [type, byStatus] = (error.response && BY_STATUS[error.status]) ?? ['Unavailable', 'FORGE'];
  const reason = (error.status === 403 && SAID.find(({ match }) => match.test(message))?.reason) || byStatus;
  return new Failure(type, `the forge answered ${error.response ? error.status : 'nothing'}: ${message}`, {
    reason,
    status: error.response ? error.status : 0,
  });
}

/** GitHub's messages name what is wrong; an HTML page in their place says nothing. */
const firstLine = (message: string): string =>
  /<html|<!doctype/i.test(message)
    ? 'a page instead of an answer'
    : message
        .replace(/ - https?:\/\/\S+$/, '')
        .replace(/\p{Cc}+/gu, ' ')
        .slice(0, 300);
