import { expect, test } from '@jest/globals';
import { MAX_CHECK_ROUNDS } from '../../../domain/rounds.js';
import { taskWaits } from '../../../domain/task-timing.js';
import { blocked } from '../../../workflows/task/blocking.js';
import * as controls from '../../../workflows/task/controls.js';
import { nextStep, settle } from '../../../workflows/task/next-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import { rechecked, whyNotRecheck } from '../../../workflows/task/recheck.js';
import { checksRed } from '../../../workflows/task/rounds.js';
import { FIRST_RUN, restore, type TaskFlow } from '../../../workflows/task/task.state.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;
const RED = [{ name: 'test', failedTests: ['adds'] }];
const opened: TaskFlow = {
  ...openedWith(restore(INPUT), TASK_FACTS),
  host: { hostQueue: 'host-a', treeId: 'tree-1' },
  headSha: 'head-1',
};
const exhausted = checksRed({ ...opened, checkRounds: MAX_CHECK_ROUNDS - 1 }, RED);
const CMD = { by: 'github:rita', headSha: 'head-1' };
const why = (task: TaskFlow, cmd = CMD): string | undefined => whyNotRecheck(task, cmd)?.message;

test('a head whose checks stayed red is verified once more, and red again asks people again', () => {
  expect(exhausted.stage.kind).toBe('blocked');
  expect(why(exhausted)).toBeUndefined();
  const again = rechecked(exhausted, CMD, 0);
  expect(nextStep(again, 0, taskWaits('brisk'))).toEqual({ kind: 'verify', tries: 0 });
  expect(again.log.pending.at(-1)).toMatchObject({
    type: 'task.checks',
    data: { outcome: 'asked again', head: 'head-1', round: 3 },
    decision: { kind: 'human', by: 'github:rita' },
  });
  expect(checksRed(again, RED).stage).toEqual(exhausted.stage);
});

test('what the queue let go, and what could not be checked, is verified once more too', () => {
  const ejected = settle(
    { ...opened, stage: { kind: 'queued' }, ejected: { reason: 'PR_DRAFT', next: '', checks: [] } },
    0,
  );
  expect(why(ejected)).toBeUndefined();
  const broken = blocked(opened, { reason: 'no disk', goal: { kind: 'verify', tries: 0, notBeforeMs: 0 } });
  expect(why(broken)).toBeUndefined();
});

test('another head, work under way, another trouble and an end are refused, each in its words', () => {
  const foreign = blocked(opened, {
    reason: 'somebody pushed',
    goal: { kind: 'merge', tip: 't', opensAttempt: false },
  });
  const asking = blocked(opened, { reason: 'which colour?', goal: FIRST_RUN });
  const mending: TaskFlow = { ...checksRed(opened, RED) };
  const queued: TaskFlow = { ...opened, stage: { kind: 'queued' } };
  expect([
    why(exhausted, { ...CMD, headSha: 'head-0' }),
    why(mending),
    why(queued),
    why(foreign),
    why(asking),
    why(controls.cancelled(exhausted, { by: 'ada' })),
  ]).toEqual([
    'The task has a newer commit.',
    'Its agent is at work on it; what comes of that is checked.',
    'It is being checked, or on its way to the merge queue.',
    'The task waits for something else: somebody pushed.',
    'The task waits for something else: which colour?.',
    'The task is being cancelled.',
  ]);
});
