// What the end of a run, mail on its way to one, and an earlier life mean for the task.
import { expect, test } from '@jest/globals';
import type { FailureType } from '../../../domain/failures.js';
import { afterRun } from '../../../workflows/task/after-run.js';
import { afterStart, afterTree } from '../../../workflows/task/after-step.js';
import * as controls from '../../../workflows/task/controls.js';
import { openedWith } from '../../../workflows/task/opening.js';
import { FIRST_RUN, restore, type TaskFlow } from '../../../workflows/task/task.state.js';
import { nextTelling } from '../../../workflows/task/telling.js';
import { wantsSlot } from '../../../workflows/task/wants-slot.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };
const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;
const opened: TaskFlow = { ...openedWith(restore(INPUT), TASK_FACTS), host: HOST };
const running = afterStart(opened, {
  runId: 'r1',
  next: { kind: 'execution', context: {}, opensAttempt: true },
  nowMs: 0,
});

test('mail is sent after a run once: what reached it is its own, what found nobody waits for the next run', () => {
  const mail = { mailId: 'm1' };
  const sending = controls.mailed(running, mail);
  expect(sending.forRun).toEqual([mail]);
  const reached = controls.handedOn(sending, mail, 'told');
  expect(reached).toMatchObject({ forRun: [], inbox: [], run: { next: { context: { mailIds: ['m1'] } } } });
  const missed = controls.handedOn(sending, mail, 'gone');
  expect(missed).toMatchObject({ forRun: [], inbox: ['m1'], run: { next: { context: {} } } });
  for (const task of [reached, missed]) expect(nextTelling(task, INPUT)?.kind).not.toBe('mail');
});

test('a run that failed by its agent’s fault is one attempt; by anything else it blocks the task and counts as none; the next one is told', () => {
  const failed = { kind: 'failed', reason: 'it gave up', host: HOST } as const;
  expect(afterRun(running, { ...failed, agentFault: true })).toMatchObject({
    attempts: 2,
    stage: { kind: 'run', next: { opensAttempt: true, context: { previousFailure: 'it gave up' } } },
  });
  const blocked = afterRun(running, { ...failed, agentFault: false });
  const goal = { kind: 'run', next: { opensAttempt: false, context: { previousFailure: 'it gave up' } } };
  expect(blocked).toMatchObject({ attempts: 1, stage: { kind: 'blocked', reason: 'it gave up', goal } });
});

test('a later life keeps the base of what was kept of the earlier one, and begins anew where nothing was; an agent on a checkpoint is told', () => {
  const open = (kept: object) => openedWith(restore(INPUT), { ...TASK_FACTS, baseSha: 'base', ...kept });
  const onCheckpoint = open({ checkpointSha: 'kept' });
  expect(onCheckpoint).toMatchObject({ baseSha: 'base', onTip: 'base', checkpointSha: 'kept' });
  expect(onCheckpoint.stage).toMatchObject({ kind: 'run', next: { context: { previousFailure: expect.any(String) } } });
  const onHead = open({ checkpointSha: 'kept', headSha: 'head' });
  expect(onHead).toMatchObject({ baseSha: 'base', onTip: 'base', headSha: 'head' });
  expect(onHead.checkpointSha).toBeUndefined();
  const anew = open({});
  expect([anew.baseSha, anew.onTip]).toEqual([undefined, undefined]);
  expect(anew.stage).toEqual(FIRST_RUN);
});

test('the next agent is told of a run that lost its tree or was stopped: it meets what that one left', () => {
  const lost = afterRun(running, { kind: 'lost', reason: 'its host is gone', host: HOST });
  expect(lost.stage).toMatchObject({ kind: 'run', next: { context: { previousFailure: 'its host is gone' } } });
  const ended = afterRun(running, { kind: 'ended', state: 'failed', host: HOST });
  expect(ended.stage).toMatchObject({ next: { context: { previousFailure: 'its row says failed already' } } });
  const stopped = afterRun(running, { kind: 'stopped', by: 'ada', host: HOST });
  const goal = { kind: 'run', next: { context: { previousFailure: 'it was stopped by ada' } } };
  expect(stopped.stage).toMatchObject({ kind: 'blocked', goal });
});

test('a task wants a slot while a run of it is due or at work, and not once it is held, over or blocked', () => {
  if (!running.run) throw new Error('it has no run');
  const { run } = running;
  const waiting: TaskFlow = { ...running, run: { ...run, state: 'waiting' } };
  for (const task of [opened, running, { ...waiting, run: { ...run, state: 'waiting' as const, answering: true } }]) {
    expect(wantsSlot(task)).toBe(true);
    expect(wantsSlot({ ...task, pausedBy: ['parent'] })).toBe(false);
    expect(wantsSlot({ ...task, cancel: { by: 'ada' } })).toBe(false);
    expect(wantsSlot({ ...task, landed: { mergeSha: 'm' } })).toBe(false);
  }
  expect(wantsSlot(waiting)).toBe(false);
  expect(wantsSlot({ ...opened, stage: { kind: 'queued' } })).toBe(false);
});

test('a tree that another one mends is lost and made anew; what no tree mends asks people', () => {
  const after = (type: FailureType) =>
    afterTree(opened, { kind: 'failed', fault: { kind: 'failed', type, message: 'no tree', neverStarted: false } });
  for (const type of ['WorktreeLost', 'NeverStarted', 'Unavailable'] as const)
    expect(after(type)).toMatchObject({ lostInRow: 1, stage: opened.stage });
  expect(after('PermissionDenied')).toMatchObject({ lostInRow: 0, stage: { kind: 'blocked', reason: 'no tree' } });
});
