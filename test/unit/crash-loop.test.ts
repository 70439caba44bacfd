import { expect, test } from '@jest/globals';
import { isCrashLoop } from '../../domain/crash-loop.js';

const crashes = (...times: readonly (readonly [number, string])[]) => times.map(([atMs, work]) => ({ atMs, work }));

test('three crashes within a minute are a loop, two are not', () => {
  expect(isCrashLoop(crashes([0, 'a'], [1_000, 'b']), 1_000)).toBe(false);
  expect(isCrashLoop(crashes([0, 'a'], [1_000, 'b'], [59_999, 'b']), 59_999)).toBe(true);
});

test('crashes a minute ago are forgotten', () => {
  expect(isCrashLoop(crashes([0, 'a'], [1_000, 'b'], [60_000, 'c']), 60_000)).toBe(false);
});

test('crashes over one piece of work say nothing of the agent', () => {
  expect(isCrashLoop(crashes([0, 'a'], [1, 'a'], [2, 'a'], [3, 'a']), 4)).toBe(false);
});
