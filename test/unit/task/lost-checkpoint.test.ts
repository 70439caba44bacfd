import { expect, test } from '@jest/globals';
import { afterTree } from '../../../workflows/task/after-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import type { TaskFlow } from '../../../workflows/task/task.state.js';
import { restore } from '../../../workflows/task/task.state.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const OPEN: TaskFlow = {
  ...openedWith(restore({ taskId: 'task-1', attempt: 1, tuning: 'brisk' }), TASK_FACTS),
  baseSha: 'base',
  checkpointSha: 'checkpoint',
};
const LOST = {
  kind: 'failed',
  fault: { kind: 'failed', type: 'NotFound', message: 'it is lost', neverStarted: false },
} as const;
const AGAIN = { kind: 'run', next: { kind: 'execution', context: {}, opensAttempt: false } };

test('a run whose checkpoints are lost begins again at what is left, and nobody is asked', () => {
  const { checkpointSha, lostInRow, stage } = afterTree(OPEN, LOST);
  expect({ checkpointSha, lostInRow, stage }).toEqual({ checkpointSha: undefined, lostInRow: 1, stage: OPEN.stage });
});

test('work that waited for its commit is done again, for the files are gone', () => {
  const task: TaskFlow = { ...OPEN, stage: { kind: 'commit', summary: 'done' } };
  expect(afterTree(task, LOST).stage).toEqual(AGAIN);
});

test('a merge that was resolved is made anew: the head alone would undo what has landed', () => {
  const merging = { tip: 'tip', clean: false, files: [] };
  const task: TaskFlow = { ...OPEN, merging, stage: { kind: 'commit', summary: 'done' } };
  expect(afterTree(task, LOST).stage).toEqual({ kind: 'merge', tip: 'tip', opensAttempt: false });
});

test('a branch that is gone needs a person, as before', () => {
  const { checkpointSha: _none, ...task } = OPEN;
  expect(afterTree(task, LOST).stage.kind).toBe('blocked');
});
