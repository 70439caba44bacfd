// What the merge queue says to a task, and what the task does about it.
import { expect, test } from '@jest/globals';
import { taskWaits } from '../../../domain/task-timing.js';
import { afterEnqueued, enqueueing } from '../../../workflows/task/after-step.js';
import { settle } from '../../../workflows/task/next-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import { restore, type TaskFlow } from '../../../workflows/task/task.state.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const CLOCK = { nowMs: 1_000, waits: taskWaits('brisk') };
const opened: TaskFlow = {
  ...openedWith(restore({ taskId: 'task-1', attempt: 1, tuning: 'brisk' }), TASK_FACTS),
  headSha: 'head-1',
  prNumber: 7,
};
const queued: TaskFlow = { ...opened, stage: { kind: 'queued' } };

test('a queue that cannot be asked is told of, and asked again when somebody resumes the task', () => {
  const fault = { kind: 'failed', type: 'Unavailable', message: 'nobody answers', neverStarted: false } as const;
  const left = afterEnqueued(enqueueing(opened, 'entry-1'), { kind: 'failed', fault }, CLOCK);
  expect(left.stage).toMatchObject({
    kind: 'blocked',
    reason: 'the merge queue could not be asked: nobody answers',
    goal: { kind: 'enqueue' },
  });
  expect(left.entry).toBeUndefined();
});

test('an entry that failed its checks goes back to the agent; one that left for any other reason is somebody’s to look at', () => {
  const checks = [{ name: 'test', failedTests: [], logRef: 'log' }];
  const told = (reason: string, failed: typeof checks) =>
    settle({ ...queued, ejected: { reason, next: 'Look.', checks: failed } }, 0).stage;
  expect(told('CHECKS_FAILED', checks)).toMatchObject({ kind: 'run' });
  expect(told('CHECK_TIMEOUT', checks)).toMatchObject({ kind: 'run' });
  expect(told('CHECKS_FAILED', [])).toMatchObject({ kind: 'blocked' });
  expect(told('OPERATOR', checks)).toMatchObject({ kind: 'blocked' });
});

test('whoever waits for a lane looks at its head again when the lane opens, or its time is over', () => {
  const waiting: TaskFlow = { ...opened, stage: { kind: 'lane', tip: 'tip', checks: [], told: false, untilMs: 500 } };
  expect(settle(waiting, 499).stage.kind).toBe('lane');
  expect(settle(waiting, 500).stage.kind).toBe('verify');
  const open = settle({ ...waiting, laneOpen: true }, 0);
  expect([open.stage.kind, open.laneOpen]).toEqual(['verify', false]);
});
