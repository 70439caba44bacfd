// What people and other workflows say to an epic: what is refused, and what counts once.
import { expect, test } from '@jest/globals';
import type { ControlCommand } from '../../../workflows/contract/messages.js';
import * as controls from '../../../workflows/epic/controls.js';
import { carry, type Epic, restore } from '../../../workflows/epic/epic.state.js';
import { forgeEvent, type Landing, rebaseRequested } from '../../../workflows/epic/landing.js';
import { runChanged, runEnded, seeksRoom } from '../../../workflows/epic/runs.js';
import * as tasks from '../../../workflows/epic/tasks.js';
import { EpicSim } from '../../support/epic-sim.js';

const BY = { by: 'ada' };
const HOST = { hostQueue: 'h', treeId: 't' };
const atWork = async (): Promise<EpicSim> => {
  const sim = new EpicSim({ a: [], b: ['a'] });
  await sim.drain();
  return sim;
};
const plan = { ...BY, planVersion: 2 };
const types = (epic: Epic, cmd: ControlCommand = BY) => {
  const { whyNotPause, whyNotResume, whyNotControl, whyNotEditPlan, whyNotRetryFailed, whyNotLand } = controls;
  const { whyNotApprove } = controls;
  const planned = { ...plan, ...cmd };
  return [
    ...[whyNotPause, whyNotResume, whyNotControl, whyNotRetryFailed, whyNotLand].map((why) => why(epic, cmd)?.type),
    ...[whyNotApprove, whyNotEditPlan].map((why) => why(epic, planned)?.type),
  ];
};

test('an epic that has ended or is being cancelled takes no controls', async () => {
  const { epic, clock } = await atWork();
  const all = Array.from({ length: 7 }, () => 'InvalidState');
  const willing: Epic = { ...epic, stuck: [{ step: 'save', reason: 'r', tries: 1 }] };
  expect(types(willing).filter((type) => type === undefined)).toHaveLength(5);
  const over: Epic = { ...willing, ended: { kind: 'cancelled' } };
  const cancelled = controls.cancel(willing, BY, clock);
  for (const closed of [over, cancelled]) {
    expect(types(closed)).toEqual(all);
    expect(tasks.whyNotAddTask(closed)?.type).toBe('InvalidState');
    expect(tasks.whyNotRetryTask({ ...closed, tasks: failed(closed) }, 'a')?.type).toBe('InvalidState');
  }
  expect(tasks.whyNotCancelTask(over, 'b')?.type).toBe('InvalidState');
  expect(controls.cancel(over, BY, clock)).toBe(over);
  expect(controls.cancel(cancelled, { by: 'bob' }, clock)).toBe(cancelled);
});

const failed = (epic: Epic) => epic.tasks.map((task) => ({ ...task, state: 'FAILED' as const, open: false }));

test('every control of an epic is refused for another revision than the one it has', async () => {
  const { epic } = await atWork();
  const all = Array.from({ length: 7 }, () => 'StaleVersion');
  expect(types(epic, { ...BY, expectedRevision: epic.revision - 1 })).toEqual(all);
  expect(controls.whyNotPause(epic, { ...BY, expectedRevision: epic.revision })).toBeUndefined();
});

test('an epic is paused once, and resumed only where a person can lift what holds it', async () => {
  const { epic, clock } = await atWork();
  expect(controls.whyNotPause(controls.pause(epic, BY, clock), BY)?.type).toBe('InvalidState');
  expect(controls.whyNotResume(epic, BY)?.type).toBe('InvalidState');
  const held = controls.hold(epic, { by: 'factory', on: true });
  expect(controls.whyNotResume(held, BY)?.message).toMatch(/thaw everything/);
  expect(controls.resume(controls.pause(held, BY, clock), BY, clock).pausedBy).toEqual(['factory']);
});

test('a plan is edited with a newer version only, and not while the pull request is being landed', async () => {
  const { epic } = await atWork();
  expect(controls.whyNotEditPlan(epic, plan)).toBeUndefined();
  expect(controls.whyNotEditPlan(epic, { ...BY, planVersion: 1 })?.type).toBe('Conflict');
  const landing: readonly Landing[] = [
    { kind: 'asked', headSha: 'h', entryId: 'e', by: 'ada' },
    { kind: 'queued', headSha: 'h', entryId: 'e' },
    { kind: 'landed', mergeSha: 'm', looks: 0 },
  ];
  for (const one of landing) {
    expect(controls.whyNotEditPlan({ ...epic, landing: one }, plan)?.type).toBe('InvalidState');
    expect(tasks.whyNotAddTask({ ...epic, landing: one })?.type).toBe('InvalidState');
  }
});

test('nothing is approved, landed or retried that does not wait for it', async () => {
  const { epic, clock } = await atWork();
  expect(controls.whyNotApprove(epic, { ...BY, planVersion: 1 })?.type).toBe('InvalidState');
  expect(controls.whyNotLand(epic, BY)?.type).toBe('InvalidState');
  expect(controls.whyNotRetryFailed(epic, BY)?.type).toBe('InvalidState');
  expect(controls.land(epic, BY, clock)).toBe(epic);
  const queued: Epic = { ...epic, phase: 'awaiting_merge', landing: { kind: 'queued', headSha: 'h', entryId: 'e' } };
  expect(controls.whyNotLand(queued, BY)?.type).toBe('InvalidState');
  expect(controls.whyNotLand({ ...queued, landing: { kind: 'open', headSha: 'h' } }, BY)).toBeUndefined();
});

test('a plan is approved once, and where nobody asked for an approval not at all', async () => {
  const { epic, clock } = new EpicSim({}, { approval: 'plan' });
  const waiting: Epic = { ...epic, phase: 'awaiting_approval' };
  const approve = { ...BY, planVersion: epic.plan.version ?? 0 };
  expect(controls.whyNotApprove(waiting, approve)).toBeUndefined();
  expect(controls.whyNotApprove(controls.approvePlan(waiting, approve, clock), approve)?.type).toBe('InvalidState');
  const unasked: Epic = { ...waiting, constants: { ...epic.constants, approval: 'none' } };
  expect(controls.whyNotApprove(unasked, approve)?.type).toBe('InvalidState');
});

test('an epic whose run has ended waits for no room on a disk', async () => {
  const { epic } = await atWork();
  expect(seeksRoom(epic, { host: 'h', freeBytes: 1, wantedBytes: 2 })).toBe(epic);
});

test('only a failed task is retried, and only one without a workflow is cancelled through its epic', async () => {
  const { epic, clock } = await atWork();
  expect(tasks.whyNotRetryTask(epic, 'a')?.type).toBe('InvalidState');
  expect(tasks.whyNotRetryTask(epic, 'of another epic')?.type).toBe('NotFound');
  expect(tasks.whyNotCancelTask(epic, 'of another epic')?.type).toBe('NotFound');
  expect(tasks.whyNotCancelTask(epic, 'a')?.message).toMatch(/at work/);
  expect(tasks.whyNotCancelTask(epic, 'b')).toBeUndefined();
  expect([tasks.retryTask(epic, 'a', 'ada', clock.nowMs), tasks.cancelTask(epic, 'a', 'ada', 0)]).toEqual([epic, epic]);
  const done: Epic = { ...epic, tasks: epic.tasks.map((task) => ({ ...task, state: 'COMPLETED', open: false })) };
  expect(tasks.whyNotCancelTask(done, 'a')?.type).toBe('InvalidState');
});

test('a mail that is told to an epic twice is read once, also while its run has it and in a later history', async () => {
  const sim = await atWork();
  const mail = { mailId: 'm1' };
  sim.change((epic) => controls.mailCame(epic, mail));
  sim.change((epic) => controls.mailCame(epic, mail));
  expect(sim.epic.inbox).toEqual(['m1']);
  await sim.drain();
  expect(sim.epic).toMatchObject({ inbox: [], run: { mailIds: ['m1'] } });
  sim.change((epic) => controls.mailCame(epic, mail));
  expect(sim.epic.inbox).toEqual([]);
  const input = { epicId: 'e', tuning: 'brisk', carried: JSON.parse(JSON.stringify(carry(sim.epic))) } as const;
  const later = restore(input);
  if (!later) throw new Error('nothing was carried');
  expect(controls.mailCame(later, mail)).toBe(later);
});

test('news of an earlier life of a task, of a closed task and of another run are dropped', async () => {
  const sim = await atWork();
  const news = { taskId: 'a', attempt: 1, attempts: 1, state: 'FAILED', wantsSlot: false, hasBranch: false } as const;
  const second: Epic = { ...sim.epic, tasks: sim.epic.tasks.map((task) => ({ ...task, attempt: 2 })) };
  expect(tasks.taskChanged(second, news, 0)).toBe(second);
  expect(tasks.taskEnded(second, { taskId: 'a', attempt: 1, outcome: { kind: 'cancelled' } }, 0)).toBe(second);
  const closed: Epic = {
    ...sim.epic,
    tasks: sim.epic.tasks.map((task) => ({ ...task, state: 'COMPLETED', open: false })),
  };
  expect(tasks.taskChanged(closed, { ...news, state: 'IN_PROGRESS' }, 0)).toBe(closed);
  expect(tasks.taskEnded(closed, { taskId: 'a', attempt: 1, outcome: undefined }, 0)).toBe(closed);
  sim.change((epic) => controls.mailCame(epic, { mailId: 'm1' }));
  await sim.drain();
  const outcome = { kind: 'completed', summary: 's', host: HOST } as const;
  expect(runChanged(sim.epic, { runId: 'r0', state: 'completed', outcome }, 0)).toBe(sim.epic);
  expect(runEnded(sim.epic, 'r0', outcome)).toBe(sim.epic);
});

test('only events of its own entry end the landing of an epic, and a landing is heard of once', async () => {
  const { epic } = await atWork();
  const queued: Epic = {
    ...epic,
    pr: { number: 7, url: null },
    landing: { kind: 'queued', headSha: 'h', entryId: 'e1' },
  };
  const other = { entryId: 'e0', prNumber: 6 };
  expect(forgeEvent(queued, { ...other, kind: 'entryLanded', mergeSha: 'm' })).toBe(queued);
  expect(forgeEvent(queued, { ...other, kind: 'entryWithdrawn', by: 'bob' })).toBe(queued);
  const landed = forgeEvent(queued, { entryId: 'e1', prNumber: 7, kind: 'entryLanded', mergeSha: 'm' });
  expect(landed.landing).toEqual({ kind: 'landed', mergeSha: 'm', looks: 0 });
  expect(forgeEvent(landed, { entryId: 'e1', prNumber: 7, kind: 'entryLanded', mergeSha: 'm2' })).toBe(landed);
  expect(forgeEvent(landed, { entryId: 'e1', prNumber: 7, kind: 'entryWithdrawn', by: 'bob' })).toBe(landed);
});

test('a request to rebase makes one task, however often it comes, and none once it was resolved or is withdrawn', async () => {
  const { epic } = await atWork();
  const queued: Epic = { ...epic, landing: { kind: 'queued', headSha: 'h', entryId: 'e1' } };
  const request = {
    requestId: 'q1',
    entryId: 'e1',
    prNumber: 7,
    tip: 't',
    headSha: 'h',
    files: ['x'],
    landed: [],
    round: 1,
    maxRounds: 3,
    dueAt: '2026-01-01T00:00:00.000Z',
  };
  const asked = rebaseRequested(queued, request, 'task-1');
  expect(asked.landing).toMatchObject({ rebase: { requestId: 'q1', taskId: 'task-1', added: false } });
  expect(rebaseRequested(asked, { ...request, requestId: 'q2' }, 'task-2')).toBe(asked);
  const resolved: Epic = { ...queued, seen: ['q1'] };
  expect(rebaseRequested(resolved, request, 'task-2')).toBe(resolved);
  const leaving: Epic = {
    ...queued,
    landing: { ...queued.landing, withdrawing: { reason: 'r', sent: true } } as Landing,
  };
  expect(rebaseRequested(leaving, request, 'task-2')).toBe(leaving);
  expect(rebaseRequested(queued, { ...request, entryId: 'e0', prNumber: 6 }, 'task-2')).toBe(queued);
});

test('an epic never takes more of its share than it asked for', async () => {
  const { epic } = await atWork();
  const asked: Epic = { ...epic, asked: { wants: 1, slots: 1, held: false, atMs: 0 } };
  expect(controls.admitted(asked, { slots: 5 }).slots).toBe(1);
});
