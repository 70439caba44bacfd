import { expect, test } from '@jest/globals';
import { type Crash, isCrashLoop, withCrash } from '../../domain/crash-loop.js';

const crashesAt = (...times: readonly number[]): readonly Crash[] =>
  times.reduce<readonly Crash[]>((all, atMs, index) => withCrash(all, { agentId: 'a', runId: `r${index}`, atMs }), []);

test('three crashes of one agent within a minute are a loop, two are not', () => {
  expect(isCrashLoop(crashesAt(0, 1_000), 'a', 1_000)).toBe(false);
  expect(isCrashLoop(crashesAt(0, 1_000, 59_999), 'a', 59_999)).toBe(true);
});

test('crashes a minute apart are forgotten', () => {
  expect(crashesAt(0, 1_000, 60_000)).toHaveLength(2);
  expect(isCrashLoop(crashesAt(0, 1_000, 60_000), 'a', 60_000)).toBe(false);
});

test('a crash told twice counts once, and agents do not count for each other', () => {
  const crash: Crash = { agentId: 'a', runId: 'r', atMs: 0 };
  expect(withCrash(withCrash([], crash), crash)).toEqual([crash]);
  const mixed = withCrash(withCrash(crashesAt(0, 1), { agentId: 'b', runId: 'x', atMs: 2 }), {
    agentId: 'b',
    runId: 'y',
    atMs: 3,
  });
  expect(isCrashLoop(mixed, 'a', 3)).toBe(false);
});
