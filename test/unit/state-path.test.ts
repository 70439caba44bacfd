import { expect, test } from '@jest/globals';
import { pathTo } from '../../domain/state-path.js';
import { canBecome, RUN_MACHINE, TASK_MACHINE } from '../../domain/states.js';

test('every step of a path is in the table', () => {
  const through = ['PENDING', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW'] as const;
  for (const from of ['PENDING', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'BLOCKED'] as const)
    for (const to of [
      'PENDING',
      'ASSIGNED',
      'IN_PROGRESS',
      'REVIEW',
      'BLOCKED',
      'COMPLETED',
      'CANCELLED',
      'FAILED',
    ] as const) {
      let at: keyof typeof TASK_MACHINE = from;
      for (const next of pathTo(TASK_MACHINE, from, to, through)) {
        expect([at, next, canBecome(TASK_MACHINE, at, next)]).toEqual([at, next, true]);
        at = next;
      }
      expect(at).toBe(to);
    }
});

test('the shortest path is taken, and staying is no step', () => {
  expect(pathTo(RUN_MACHINE, 'pending', 'paused', ['running', 'waiting'])).toEqual(['running', 'paused']);
  expect(pathTo(RUN_MACHINE, 'waiting', 'completed', ['running', 'paused'])).toEqual(['running', 'completed']);
  expect(pathTo(RUN_MACHINE, 'running', 'running', [])).toEqual([]);
});

test('an impossible step is one step, so that the row says what is true', () => {
  expect(pathTo(RUN_MACHINE, 'completed', 'running', ['running'])).toEqual(['running']);
});
