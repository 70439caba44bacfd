// What is said to a task late, twice, or about something else changes nothing.

import { expect, test } from '@jest/globals';
import { taskWaits } from '../../../domain/task-timing.js';
import type { TaskFacts } from '../../../workflows/contract/activities/store.js';
import type { OwnerForgeEvent, RebaseRequestMessage } from '../../../workflows/contract/forge-event.js';
import { afterStart } from '../../../workflows/task/after-step.js';
import { blocked } from '../../../workflows/task/blocking.js';
import * as controls from '../../../workflows/task/controls.js';
import { nextStep, settle } from '../../../workflows/task/next-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import { become, carry, FIRST_RUN, restore, type TaskFlow } from '../../../workflows/task/task.state.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const FACTS: TaskFacts = { ...TASK_FACTS, epicId: 'epic-1' };
const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;
const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };
const BY = { by: 'ada' };
const NEXT = { kind: 'execution', context: {}, opensAttempt: true } as const;
const opened: TaskFlow = { ...openedWith(restore(INPUT), FACTS), host: HOST };
const running = become(opened, afterStart(opened, { runId: 'r1', next: NEXT, nowMs: 0 }), { nowMs: 1, reason: 'r' });
const queued: TaskFlow = {
  ...opened,
  headSha: 'head-2',
  stage: { kind: 'queued' },
  entry: { entryId: 'entry-2', rebasing: false },
};
const asking = (() => {
  const asked = blocked(opened, { reason: 'why', ask: { kind: 'run_blocked', reason: 'why' }, goal: FIRST_RUN });
  if (asked.stage.kind !== 'blocked' || !asked.stage.mail) throw new Error('it asks nobody');
  return { ...asked, stage: { ...asked.stage, mail: { ...asked.stage.mail, mailId: 'question' } } };
})();
const refused = (task: TaskFlow, cmd: Parameters<typeof controls.whyNotPause>[1] = BY) =>
  [controls.whyNotPause, controls.whyNotCancel, controls.whyNotResume].map((why) => why(task, cmd)?.type);

test('a task that has landed, has ended or is being cancelled takes no controls, and one that is paused no second pause', () => {
  const paused = controls.paused(opened);
  expect(refused(paused)).toEqual(['InvalidState', undefined, undefined]);
  expect(controls.whyNotPause(opened, BY)).toBeUndefined();
  expect(controls.whyNotPause({ ...opened, pausedBy: ['factory'] }, BY)).toBeUndefined();
  const invalid = ['InvalidState', 'InvalidState', 'InvalidState'];
  expect(refused({ ...paused, landed: { mergeSha: 'm' } })).toEqual(invalid);
  expect(refused({ ...paused, stage: { kind: 'end', outcome: { kind: 'cancelled' } } })).toEqual(invalid);
  expect(refused(controls.cancelled(paused, BY))).toEqual(invalid);
});

test('a control for an older revision of a task is stale, one for the revision it has is not', () => {
  const now = { ...controls.paused(opened), revision: 4 };
  const stale = ['StaleVersion', 'StaleVersion', 'StaleVersion'];
  expect(refused(now, { ...BY, expectedRevision: 3 })).toEqual(stale);
  expect(refused(now, { ...BY, expectedRevision: 4 })).toEqual(['InvalidState', undefined, undefined]);
});

test('only a person’s own pause of a task, and what blocks it, are resumed', () => {
  const heldBy = (by: 'parent' | 'factory') => controls.held(opened, { by, on: true });
  expect(controls.whyNotResume(heldBy('parent'), BY)?.message).toMatch(/resume that/);
  expect(controls.whyNotResume(heldBy('factory'), BY)?.message).toMatch(/resume that/);
  expect(controls.whyNotResume(opened, BY)?.type).toBe('InvalidState');
  expect(controls.whyNotResume(asking, BY)).toBeUndefined();
  expect(controls.resumed(controls.paused(heldBy('factory')), BY).pausedBy).toEqual(['factory']);
});

test('a cancellation that comes after the landing or the end of a task changes nothing, and the first one counts', () => {
  const landed: TaskFlow = { ...queued, landed: { mergeSha: 'm' } };
  const ended: TaskFlow = { ...opened, stage: { kind: 'end', outcome: { kind: 'cancelled' } } };
  expect([controls.cancelled(landed, BY), controls.cancelled(ended, BY)]).toEqual([landed, ended]);
  expect(controls.cancelled(controls.cancelled(opened, BY), { by: 'bob' }).cancel).toEqual(BY);
});

test('a mail that is told to a task twice is handed on once, to a live run and to the next one, and in a later history', () => {
  const mail = { mailId: 'm1' };
  const told = controls.mailed(running, mail);
  expect(controls.mailed(told, mail).forRun).toEqual([mail]);
  const heard = controls.handedOn(told, mail, 'told');
  const later = restore({ ...INPUT, carried: JSON.parse(JSON.stringify(carry(heard))) });
  expect(controls.mailed(later, mail)).toEqual(heard);
  expect(controls.mailed(controls.mailed(opened, mail), mail).inbox).toEqual(['m1']);
});

test('mail that a run took along does not wait for the next one, and what came since does', () => {
  const waiting = [{ mailId: 'm1' }, { mailId: 'm2' }].reduce(controls.mailed, opened);
  const started = afterStart(waiting, { runId: 'r1', next: { ...NEXT, context: { mailIds: ['m1'] } }, nowMs: 0 });
  expect(started.inbox).toEqual(['m2']);
});

test('a blocked task is woken by the answer to its own question, not by other mail', () => {
  expect(controls.mailed(asking, { mailId: 'm1' }).wake).toBeUndefined();
  expect(controls.mailed(asking, { mailId: 'm1', answers: 'another question' }).wake).toBeUndefined();
  expect(controls.mailed(asking, { mailId: 'm1', answers: 'question' }).wake).toEqual({ by: 'mail' });
});

test('what an earlier run says, or that it closed, is not taken for the run at work', () => {
  const outcome = { kind: 'completed', summary: 's', host: HOST } as const;
  expect(controls.runSaid(running, { runId: 'r0', state: 'completed', outcome }, 1)).toBe(running);
  expect(controls.runClosed(running, 'r0')).toBe(running);
  expect(controls.runSaid(running, { runId: 'r1', state: 'completed', outcome }, 1).stage.kind).toBe('commit');
  const committing = controls.runSaid(running, { runId: 'r1', state: 'completed', outcome }, 1);
  expect(controls.runClosed(committing, 'r1')).toBe(committing);
});

test('an event of an earlier entry in the queue neither lands nor ejects the task', () => {
  const about = { entryId: 'entry-1', prNumber: 7 };
  const detail = { failedChecks: [] } as unknown as Extract<OwnerForgeEvent, { kind: 'entryEjected' }>['detail'];
  const events: readonly OwnerForgeEvent[] = [
    { ...about, kind: 'entryLanded', mergeSha: 'm' },
    { ...about, kind: 'entryEjected', reason: 'CHECKS_FAILED', detail, next: 'n' },
    { ...about, kind: 'entryWithdrawn', by: 'ada' },
  ];
  for (const event of events) expect(controls.forged(queued, event)).toBe(queued);
  expect(controls.forged(queued, { ...about, entryId: 'entry-2', kind: 'entryLanded', mergeSha: 'm' }).landed).toEqual({
    mergeSha: 'm',
  });
});

const request: RebaseRequestMessage = {
  requestId: 'q',
  entryId: 'entry-2',
  prNumber: 7,
  tip: 't',
  headSha: 'head-2',
  files: [],
  landed: [],
  round: 1,
  maxRounds: 3,
  dueAt: '2026-01-01T00:00:00.000Z',
};

test('a request to rebase an earlier head or entry is dropped', () => {
  expect(controls.rebaseAsked(queued, { ...request, headSha: 'head-1' })).toBe(queued);
  expect(controls.rebaseAsked(queued, { ...request, entryId: 'entry-1' })).toBe(queued);
  expect(controls.rebaseAsked(queued, request)).toMatchObject({ rebase: request, entry: { rebasing: true } });
});

const stepOf = (task: TaskFlow) => nextStep(task, 1, taskWaits('brisk')).kind;

test('a request to rebase a head that was replaced since starts no merge', () => {
  expect(settle({ ...queued, rebase: request }, 1).stage).toEqual({ kind: 'merge', tip: 't', opensAttempt: false });
  const replaced = settle({ ...queued, headSha: 'head-3', rebase: request }, 1);
  expect([replaced.stage.kind, replaced.rebase]).toEqual(['queued', undefined]);
});

test('a request that names a newer tip before the merge has begun has that tip merged', () => {
  const merging = settle({ ...queued, rebase: request }, 1);
  const amended = settle({ ...merging, rebase: { ...request, tip: 't2', round: 2 } }, 1);
  expect(amended).toMatchObject({ rebaseRound: 2, stage: { kind: 'merge', tip: 't2' } });
  expect(amended.rebase).toBeUndefined();
});

test('a task begins nothing without a slot, nor while anything holds it', () => {
  const merging: TaskFlow = { ...opened, stage: { kind: 'merge', opensAttempt: false } };
  for (const task of [opened, merging]) {
    expect(stepOf({ ...task, slots: 0 })).toBe('wait');
    expect(stepOf({ ...task, slots: 1 })).not.toBe('wait');
    expect(stepOf(controls.held({ ...task, slots: 1 }, { by: 'parent', on: true }))).toBe('wait');
  }
});

test('a landed task finishes whatever holds or cancels it, and its run is told once to stop', () => {
  const landed: TaskFlow = { ...queued, landed: { mergeSha: 'm' } };
  expect(stepOf(landed)).toBe('finish');
  expect(stepOf(controls.paused({ ...landed, cancel: BY }))).toBe('finish');
  const stopping = controls.cancelled(running, BY);
  expect(stepOf(stopping)).toBe('stopRun');
  if (!running.run) throw new Error('it has no run');
  expect(stepOf({ ...stopping, run: { ...running.run, stopTold: true } })).toBe('wait');
});

test('a pause takes a task out of the queue, but not while it resolves a conflict, nor when the factory holds it', () => {
  expect(stepOf(controls.paused(queued))).toBe('withdraw');
  const rebasing: TaskFlow = { ...queued, entry: { entryId: 'entry-2', rebasing: true } };
  expect(stepOf(controls.paused(rebasing))).toBe('wait');
  expect(stepOf(controls.held(queued, { by: 'factory', on: true }))).toBe('wait');
});
