// What an epic must not do yet, or any more.
import { expect, test } from '@jest/globals';
import { cancellable, cancelStep } from '../../../workflows/epic/cancel-step.js';
import * as controls from '../../../workflows/epic/controls.js';
import type { Epic, EpicRun } from '../../../workflows/epic/epic.state.js';
import type { Landing } from '../../../workflows/epic/landing.js';
import { landingStep } from '../../../workflows/epic/landing-step.js';
import { nextStep } from '../../../workflows/epic/next-step.js';
import { EpicSim } from '../../support/epic-sim.js';

const BY = { by: 'ada' };
const HOST = { hostQueue: 'h', treeId: 't' };
const RUN = { runId: 'r', kind: 'supervision', mailIds: [], heardAtMs: 0, held: false, stopSent: false } as const;
const stepOf = (sim: EpicSim, epic: Epic = sim.epic) => nextStep(epic, sim.nowMs)?.kind;
/** Rows, mail and words for the factory are out of the way. */
const quiet = async (facts: ConstructorParameters<typeof EpicSim>[1] = {}) => {
  const sim = new EpicSim({ a: [], b: ['a'] }, facts);
  await sim.drain();
  return sim;
};
const closed = (epic: Epic, state: 'COMPLETED' | 'FAILED' = 'COMPLETED'): Epic => ({
  ...epic,
  tasks: epic.tasks.map((task) => ({ ...task, state, open: false, wantsSlot: false, granted: false })),
});

test('a step that failed waits for its next try, or for a person', async () => {
  const sim = new EpicSim({ a: [] });
  const first = stepOf(sim) ?? '';
  const stuck = (untilMs?: number): Epic => ({
    ...sim.epic,
    stuck: [{ step: first, reason: 'r', tries: 1, ...(untilMs === undefined ? {} : { untilMs }) }],
  });
  expect(stepOf(sim, stuck(sim.nowMs + 1))).not.toBe(first);
  expect(stepOf(sim, stuck())).not.toBe(first);
  expect(stepOf(sim, stuck(sim.nowMs))).toBe(first);
});

test('an epic that has ended leaves the factory and does nothing else', async () => {
  const sim = await quiet();
  const written: Epic = { ...sim.epic, ended: { kind: 'cancelled' }, admissionEnded: true, refresh: true };
  expect(stepOf(sim, { ...written, admissionEnded: false })).toBe('endAdmission');
  expect(stepOf(sim, written)).toBeUndefined();
});

test('a held epic starts nothing and lands nothing', async () => {
  const sim = await quiet();
  const free: Epic = { ...sim.epic, refresh: true };
  expect(stepOf(sim, free)).toBe('readTasks');
  sim.change((epic) => controls.pause({ ...epic, refresh: true }, BY, sim.clock));
  await sim.drain();
  expect(sim.epic.refresh).toBe(true);
  expect(stepOf(sim)).toBeUndefined();
});

test('a plan that waits for approval is not carried out', async () => {
  const sim = await quiet({ approval: 'plan' });
  expect(sim.epic.plan.applied).toBeUndefined();
  const ready: Epic = { ...sim.epic, slots: 1, branchReady: true };
  const asked = { wants: 0, slots: 0, held: false, atMs: sim.nowMs };
  expect(stepOf(sim, { ...ready, asked })).toBeUndefined();
  expect(sim.children.size).toBe(0);
  sim.change((epic) => controls.approvePlan(epic, { ...BY, planVersion: 1 }, sim.clock));
  await sim.drain();
  expect([...sim.children.keys()]).toEqual(['a']);
});

test('no more tasks are started than the epic itself allows, whatever the factory gives', async () => {
  const sim = new EpicSim({ a: [], b: [], c: [] }, { maxParallelTasks: 2 });
  sim.slots = 10;
  await sim.drain();
  sim.change((epic) => ({ ...epic, slots: 10 }));
  await sim.drain();
  expect(sim.children.size).toBe(2);
});

test('no task starts before the branch is there, also while its making has to wait', async () => {
  const sim = await quiet();
  const asked = { wants: 1, slots: 1, held: false, atMs: sim.nowMs };
  const waiting = closed(sim.epic).tasks.map((task): Epic['tasks'][number] => ({ ...task, state: 'PENDING' }));
  const ready: Epic = { ...sim.epic, asked, slots: 1, tasks: waiting };
  expect(stepOf(sim, ready)).toBe('start');
  const branchless: Epic = { ...ready, branchReady: false };
  expect(stepOf(sim, branchless)).toBe('createBranch');
  const stuck = [{ step: 'createBranch', reason: 'r', tries: 1, untilMs: sim.nowMs + 1 }];
  expect(stepOf(sim, { ...branchless, stuck })).toBeUndefined();
});

test('an epic whose pull request has landed starts nothing more, nor does a cancelled one', async () => {
  const sim = await quiet();
  const ready: Epic = { ...closed(sim.epic), slots: 5 };
  const [done, waiting] = ready.tasks;
  if (!done || !waiting) throw new Error('it has two tasks');
  const next: Epic = { ...ready, tasks: [done, { ...waiting, state: 'PENDING' }] };
  const asked = { ...next, asked: { wants: 1, slots: 1, held: false, atMs: sim.nowMs } };
  expect(stepOf(sim, asked)).toBe('start');
  const landed: Epic = { ...next, asked: { wants: 0, slots: 0, held: false, atMs: sim.nowMs } };
  expect(stepOf(sim, { ...landed, landing: { kind: 'landed', mergeSha: 'm', looks: 0 } })).not.toBe('start');
  expect(stepOf(sim, { ...landed, cancel: BY })).not.toBe('start');
});

test('an epic ends only when its run of judgement has ended', async () => {
  const sim = await quiet({ mergeTarget: 'base' });
  const asked = { wants: 0, slots: 0, held: false, atMs: sim.nowMs };
  const done: Epic = { ...closed(sim.epic), asked };
  expect(stepOf(sim, done)).toBe('finish');
  expect(stepOf(sim, { ...done, run: RUN })).not.toBe('finish');
});

test('nothing lands while rows are unread, a newer plan waits or a task has failed', async () => {
  const { epic, nowMs } = await quiet();
  const done = closed(epic);
  expect(landingStep(done, nowMs)?.kind).toBe('inspectHead');
  expect(landingStep({ ...done, refresh: true }, nowMs)).toBeUndefined();
  expect(landingStep({ ...done, plan: { ...done.plan, version: 2 } }, nowMs)).toBeUndefined();
  expect(landingStep(closed(epic, 'FAILED'), nowMs)).toBeUndefined();
  expect(landingStep(epic, nowMs)).toBeUndefined();
  const asked = (retryAtMs: number): Landing => ({ kind: 'asked', headSha: 'h', entryId: 'e', by: 'ada', retryAtMs });
  expect(landingStep({ ...done, landing: asked(nowMs + 1) }, nowMs)).toBeUndefined();
  expect(landingStep({ ...done, landing: asked(nowMs) }, nowMs)?.kind).toBe('enqueue');
});

test('a cancelled epic ends its children first, then its entry, its run and its branch, and a landing wins', async () => {
  const { epic, nowMs } = await quiet();
  const cancelled: Epic = { ...epic, cancel: BY };
  expect(cancelStep(cancelled)).toEqual({ kind: 'cancelTasks', taskIds: ['a'] });
  const told: Epic = { ...cancelled, tasks: cancelled.tasks.map((task) => ({ ...task, cancelSent: true })) };
  expect(cancelStep(told)).toBeUndefined();
  const alone = closed(told);
  const queued = (withdrawing?: { reason: string; sent: boolean }): Epic => ({
    ...alone,
    landing: { kind: 'queued', headSha: 'h', entryId: 'e', ...(withdrawing ? { withdrawing } : {}) },
  });
  expect(cancelStep(queued())?.kind).toBe('withdraw');
  const leaving = queued({ reason: 'r', sent: true });
  expect(cancelStep(leaving)).toBeUndefined();
  const asked = { wants: 0, slots: 0, held: false, atMs: nowMs };
  expect(nextStep({ ...leaving, refresh: true, asked }, nowMs)).toBeUndefined();
  expect(cancelStep({ ...alone, run: RUN })).toBeUndefined();
  expect(cancelStep({ ...alone, landing: { kind: 'landed', mergeSha: 'm', looks: 0 } })?.kind).toBe('finish');
  expect(cancelStep(alone)?.kind).toBe('cleanUpCancelled');
  expect(cancelStep({ ...alone, cancel: { ...BY, cleaned: true } })?.kind).toBe('finishCancelled');
});

test('what has ended is not cancelled with its epic, but what failed is', async () => {
  const { epic } = await quiet();
  const ids = (state: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED' | 'PENDING') =>
    cancellable({ ...epic, tasks: epic.tasks.map((task) => ({ ...task, state, open: task.id === 'b' })) });
  expect([ids('PENDING'), ids('FAILED')].map((tasks) => tasks.map(({ id }) => id))).toEqual([['a'], ['a']]);
  expect([...ids('COMPLETED'), ...ids('CANCELLED'), ...ids('SKIPPED')]).toEqual([]);
});

test('who was silent for long is asked after, but for a run that has said how it ended', async () => {
  const { epic, nowMs } = await quiet();
  const later = nowMs + epic.timing.silentMs;
  const run: EpicRun = { ...RUN, host: HOST, heardAtMs: nowMs };
  const asked = { wants: 1, slots: 1, held: false, atMs: later };
  const askedAfter = (more: Partial<EpicRun>) => {
    const step = nextStep({ ...epic, asked, run: { ...run, ...more } }, later);
    return step?.kind === 'lookAfter' ? step.workflowIds : step?.kind;
  };
  expect(askedAfter({})).toEqual(['task/a', 'run/r']);
  expect(askedAfter({ outcome: { kind: 'completed', summary: 's', host: HOST } })).toEqual(['task/a']);
  expect(askedAfter({ heardAtMs: nowMs + 1 })).toEqual(['task/a']);
});

test('a person hears once that a plan waits for approval', async () => {
  const sim = await quiet({ approval: 'plan' });
  sim.change((epic) => ({ ...epic, refresh: true }));
  await sim.drain();
  expect(sim.mail).toEqual(['plan_waits']);
});
