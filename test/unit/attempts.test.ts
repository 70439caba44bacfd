import { expect, test } from '@jest/globals';
import { afterBadAttempt, MAX_ATTEMPTS } from '../../domain/attempts.js';

test('an agent that ends badly is tried again until it has had all its attempts', () => {
  expect(afterBadAttempt(MAX_ATTEMPTS - 1)).toEqual({ kind: 'again', attempts: MAX_ATTEMPTS });
  expect(afterBadAttempt(MAX_ATTEMPTS)).toEqual({ kind: 'fail' });
});
