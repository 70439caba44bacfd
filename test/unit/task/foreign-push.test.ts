// Somebody else pushed to the branch of a task: nothing of it lands before a person or the supervisor says so.

import { expect, test } from '@jest/globals';
import { taskWaits } from '../../../domain/task-timing.js';
import { afterCommitted, afterPublished } from '../../../workflows/task/after-step.js';
import * as controls from '../../../workflows/task/controls.js';
import { nextStep, settle } from '../../../workflows/task/next-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import { restore, type TaskFlow } from '../../../workflows/task/task.state.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;
const THEIRS = '1234567890abcdef1234567890abcdef12345678';
const opened: TaskFlow = {
  ...openedWith(restore(INPUT), { ...TASK_FACTS, epicId: 'epic-1' }),
  host: { hostQueue: 'host-a', treeId: 'tree-1' },
  headSha: 'head-1',
  slots: 1,
};
const publishing: TaskFlow = { ...opened, stage: { kind: 'publish' } };
const published = (foreignHead?: string) =>
  afterPublished(
    publishing,
    { kind: 'published', pullRequest: { number: 7, url: null, ...(foreignHead ? { foreignHead } : {}) } },
    0,
  );

test('a pull request whose branch holds what others pushed is not queued, and somebody is asked', () => {
  const asked = published(THEIRS);
  expect(asked).toMatchObject({
    prNumber: 7,
    stage: {
      kind: 'blocked',
      reason: 'somebody else pushed 1234567890ab to its branch',
      mail: { template: { kind: 'entry_ejected', reason: 'HEAD_CHANGED' } },
    },
  });
  expect(published()).toMatchObject({ stage: { kind: 'enqueue' } });
});

test('a resume merges what others pushed into the work of the task', () => {
  const resumed = settle(controls.resumed(published(THEIRS), { by: 'ada' }), 0);
  expect(resumed.stage).toEqual({ kind: 'merge', tip: THEIRS, opensAttempt: false });
});

test('an entry that left the queue because its head changed looks where the branch is now', () => {
  const queued: TaskFlow = { ...opened, prNumber: 7, stage: { kind: 'queued' } };
  const told = { reason: 'HEAD_CHANGED', next: 'Look.', checks: [] };
  const settled = settle({ ...queued, ejected: told }, 0);
  expect(nextStep(settled, 0, taskWaits('brisk'))).toEqual({ kind: 'publish' });
});

test('a round that cannot be pushed because others did looks where the branch is now', () => {
  const fault = { kind: 'failed', type: 'Conflict', message: 'moved', neverStarted: false } as const;
  const committing: TaskFlow = { ...opened, checkpointSha: 'kept', stage: { kind: 'commit', summary: 'mine' } };
  const left = afterCommitted(committing, { kind: 'failed', fault });
  expect(left.stage).toEqual({ kind: 'publish' });
  expect(left.checkpointSha).toBeUndefined();
  const { headSha: _none, ...first } = committing;
  expect(afterCommitted(first, { kind: 'failed', fault }).stage).toMatchObject({ kind: 'blocked' });
});
