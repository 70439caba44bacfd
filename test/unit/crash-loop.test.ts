import { expect, test } from '@jest/globals';
import { isCrashLoop } from '../../domain/crash-loop.js';

test('three crashes within a minute are a loop, two are not', () => {
  expect(isCrashLoop([0, 1_000], 1_000)).toBe(false);
  expect(isCrashLoop([0, 1_000, 59_999], 59_999)).toBe(true);
});

test('crashes a minute ago are forgotten', () => {
  expect(isCrashLoop([0, 1_000, 60_000], 60_000)).toBe(false);
});
