import { expect, test } from '@jest/globals';
import { linearFailure, linearRate } from '../../../infra/forge/linear/failures.js';

test.each([
  [400, { extensions: { code: 'RATELIMITED' } }, 'RateLimited', 'FORGE_LIMIT'],
  [401, { extensions: { type: 'authentication error' } }, 'PermissionDenied', 'CREDENTIALS'],
  [403, { extensions: { code: 'FORBIDDEN' } }, 'PermissionDenied', 'FORBIDDEN'],
  [400, { message: 'Entity not found: Issue', extensions: { code: 'INPUT_ERROR' } }, 'NotFound', 'GONE'],
  [400, { extensions: { code: 'INPUT_ERROR' } }, 'InvalidInput', 'REFUSED'],
  [200, { extensions: { type: 'lock timeout' } }, 'Unavailable', 'FORGE'],
  [500, undefined, 'Unavailable', 'FORGE'],
  [429, undefined, 'RateLimited', 'FORGE_LIMIT'],
  [401, undefined, 'PermissionDenied', 'CREDENTIALS'],
] as const)('status %i with %j is %s', (status, error, type, reason) => {
  expect(linearFailure(status, error ? [error] : [])).toMatchObject({ type, details: { reason, status } });
});

test('what Linear tells people is said, and nothing that breaks a line', () => {
  const error = { message: 'x', extensions: { code: 'INPUT_ERROR', userPresentableMessage: 'Too\nlong' } };
  expect(linearFailure(400, [error]).message).toBe('Linear answered 400: Too long');
});

const headers = (values: Readonly<Record<string, string>>): Headers => new Headers(values);

test('the limit of which less is left counts, and refills before the hour is over', () => {
  const answer = linearRate(
    false,
    headers({
      'x-ratelimit-requests-limit': '2500',
      'x-ratelimit-requests-remaining': '2000',
      'x-ratelimit-complexity-limit': '1000',
      'x-ratelimit-complexity-remaining': '100',
    }),
    0,
  );
  expect(answer).toEqual({ isLimited: false, limit: 1000, remaining: 100, resetMs: 720_000 });
});

test('a limit names its pause; one that names none pauses for half a minute', () => {
  expect(linearRate(true, headers({ 'retry-after': '7' }), 0)).toEqual({ isLimited: true, retryAfterMs: 7_000 });
  const empty = { 'x-ratelimit-requests-limit': '10', 'x-ratelimit-requests-remaining': '0' };
  expect(linearRate(true, headers(empty), 0)).toMatchObject({ retryAfterMs: 30_000 });
  expect(linearRate(false, headers({ 'x-ratelimit-requests-limit': 'x' }), 0)).toEqual({ isLimited: false });
});
