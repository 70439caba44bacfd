import { expect, test } from '@jest/globals';
import { FAILURES, Failure, isFailureType } from '../../domain/failures.js';

test('a failure keeps its type, its message for people, its cause and the wait that the other side asked for', () => {
  const cause = new Error('socket closed');
  const failure = new Failure('Unavailable', 'The forge did not answer.', { attempt: 2 }, { cause, retryAfterMs: 500 });
  expect({ ...failure, message: failure.message, cause: failure.cause }).toEqual({
    name: 'Failure',
    type: 'Unavailable',
    message: 'The forge did not answer.',
    details: { attempt: 2 },
    retryAfterMs: 500,
    cause,
  });
});

test('only names of the table are failure types', () => {
  expect(Object.keys(FAILURES).every(isFailureType)).toBe(true);
  expect(['toString', 'constructor', 'Nope', 1].some(isFailureType)).toBe(false);
});
