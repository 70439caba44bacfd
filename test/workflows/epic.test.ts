import { expect, test } from '@jest/globals';
import { epicApprovePlanUpdate, epicEditPlanUpdate, epicLandUpdate } from '../../workflows/contract/epic.js';
import { cancelUpdate, mailSignal } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { BY, gated, refusal, start, useEpics } from './support/epic-rig.js';
import { EpicWorld, gate, HOST } from './support/epic-world.js';

useEpics();

test('a given plan is carried out, and its pull request lands', async () => {
  const { epic, world, landed } = await start(new EpicWorld({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }));
  await landed();
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 4, mergeSha: 'merge-1' });
  expect(world.states()).toEqual(['IN_PROGRESS', 'COMPLETED']);
  expect(world.row).toMatchObject({ state: 'COMPLETED', waitingFor: null, blockedReason: null, prNumber: 7 });
  expect(world.keysOf('started')[0]).toBe('a');
  expect(world.keysOf('started').at(-1)).toBe('d');
  expect(world.enqueued).toMatchObject([{ prNumber: 7, headSha: 'epic-1', headRef: 'millwright/epic' }]);
  expect(world.dropped).toEqual(['merged merge-1']);
  expect(world.mailed()).toEqual(['epic_completed']);
});

test('a plan waits for approval, and only the version that waits can be approved', async () => {
  const { epic, world, reached, landed } = await start(new EpicWorld({ a: [] }, { approval: 'plan' }));
  await reached('awaiting_approval');
  expect(world.row.waitingFor).toBe('ada to approve version 1 of the plan');
  const approve = (planVersion: number) =>
    epic.executeUpdate(epicApprovePlanUpdate, { args: [{ ...BY, planVersion }] });
  expect(await refusal(approve(2))).toBe('Conflict');
  expect(await refusal(epic.executeUpdate(epicLandUpdate, { args: [BY] }))).toBe('InvalidState');
  world.plans.push({ a: [], b: [] });
  await epic.executeUpdate(epicEditPlanUpdate, { args: [{ ...BY, planVersion: 2 }] });
  expect(await refusal(approve(1))).toBe('Conflict');
  expect(await refusal(epic.executeUpdate(epicEditPlanUpdate, { args: [{ ...BY, planVersion: 2 }] }))).toBe('Conflict');
  expect(await approve(2)).toMatchObject({ phase: 'planning' });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 2 });
  expect(await refusal(approve(2))).not.toBe('accepted');
  expect(world.mailed()).toEqual(['plan_waits', 'plan_waits', 'epic_completed']);
});

test('an epic without a plan asks a person for one', async () => {
  const { epic, world, reached, landed } = await start(new EpicWorld());
  await reached('give the plan');
  await until(() => world.mailed().includes('plan_wanted'));
  world.plans.push({ a: [] });
  await epic.executeUpdate(epicEditPlanUpdate, { args: [{ ...BY, planVersion: 1 }] });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
});

test('a planner whose plan is refused is told why, and its next plan is carried out', async () => {
  const world = new EpicWorld(undefined, { planner: 'model' });
  world.plans.push({ a: [] });
  world.onRun = ({ planErrors }) =>
    planErrors.length === 0
      ? { kind: 'failed', reason: 'tasks: dependencies form a cycle', agentFault: true, host: HOST }
      : { kind: 'completed', summary: 'a plan', planVersion: 1, host: HOST };
  const { epic, landed } = await start(world);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
  expect(world.runs.map(({ kind, planErrors }) => [kind, planErrors])).toEqual([
    ['planning', []],
    ['planning', ['tasks: dependencies form a cycle']],
  ]);
  expect(world.trees).toMatchObject([{ mode: 'read', branch: 'millwright/epic' }, { mode: 'read' }]);
  expect(world.released).toHaveLength(2);
});

test('after three plans that are none a person is asked, and may give one', async () => {
  const world = new EpicWorld(undefined, { planner: 'model' });
  const { epic, reached, landed } = await start(world);
  await reached('BLOCKED');
  expect(world.runs).toHaveLength(3);
  expect(world.row.blockedReason).toBe('no plan: the run ended without handing in a plan');
  await until(() => world.mailed().includes('plan_failed'));
  world.plans.push({ a: [] });
  await epic.executeUpdate(epicEditPlanUpdate, { args: [{ ...BY, planVersion: 1 }] });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['BLOCKED', 'PLANNING', 'IN_PROGRESS', 'COMPLETED']);
});

test('a plan that a person gives ends the planner’s run', async () => {
  const world = new EpicWorld(undefined, { planner: 'model' });
  world.onRun = () => gate<never>().promise;
  const { epic, landed } = await start(world);
  await until(() => world.runs.length === 1);
  world.plans.push({ a: [] });
  await epic.executeUpdate(epicEditPlanUpdate, { args: [{ ...BY, planVersion: 1 }] });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
  expect(world.runs).toHaveLength(1);
});

test('a planning run that dies is run again and counts as no try', async () => {
  const world = new EpicWorld(undefined, { planner: 'model' });
  world.plans.push({ a: [] });
  world.onRun = () =>
    world.runs.length === 1 ? 'dies' : { kind: 'completed', summary: 'a plan', planVersion: 1, host: HOST };
  const { epic, landed } = await start(world);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
});

test('an epic that has no place in the factory says so', async () => {
  const { epic, reached } = await start(new EpicWorld({ a: [] }, { priority: 5 }));
  await reached('a free place in the factory');
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
});

test('mail is answered by one supervision run after the other, and a repeated mail only once', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  const first = gate<'dies'>();
  world.onRun = () => (world.runs.length === 1 ? first.promise : { kind: 'completed', summary: 'done', host: HOST });
  const { epic, landed } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  await epic.signal(mailSignal, { mailId: 'm1' });
  await until(() => world.runs.length === 1);
  await epic.signal(mailSignal, { mailId: 'm1' });
  await epic.signal(mailSignal, { mailId: 'm2' });
  first.open('dies');
  await until(() => world.runs.length === 2);
  await until(() => world.released.length === 2);
  expect(world.runs.map(({ kind, mailIds }) => [kind, mailIds])).toEqual([
    ['supervision', ['m1']],
    ['supervision', ['m1', 'm2']],
  ]);
  go('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
});

test('mail wakes a supervision run that waits for an answer', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  world.onRun = () => 'waits';
  const { epic, view, landed } = await start(world);
  await epic.signal(mailSignal, { mailId: 'm1' });
  await until(async () => (await view()).runId !== undefined && world.runs.length === 1);
  await epic.signal(mailSignal, { mailId: 'm2' });
  await until(async () => (await view()).runId === undefined);
  expect(world.runs).toHaveLength(1);
  go('a');
  await landed();
  await epic.result();
});

test('mail that three runs could not answer goes to a person', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  world.onRun = () => ({ kind: 'failed', reason: 'no key', agentFault: false, host: HOST });
  const { epic, landed } = await start(world);
  await epic.signal(mailSignal, { mailId: 'm1' });
  await until(() => world.mailed().includes('supervision_failed'));
  expect(world.runs).toHaveLength(3);
  await until(() => world.handedOn.length > 0);
  expect(world.handedOn).toEqual(['m1']);
  go('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
});

test('a question that a supervision read and left unanswered is asked once more, and then a person is', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  world.onRun = () => ({
    kind: 'completed',
    summary: 'all done',
    // The second question came while the first run was at work: it was not read by it.
    unanswered: world.runs.length === 1 ? ['m1', 'm2'] : ['m1'],
    host: HOST,
  });
  const { epic, landed } = await start(world);
  await epic.signal(mailSignal, { mailId: 'm1' });
  await until(() => world.handedOn.length > 0);
  expect(world.handedOn).toEqual(['m1']);
  expect(world.runs.map(({ mailIds, previousFailure }) => [mailIds, previousFailure !== undefined])).toEqual([
    [['m1'], false],
    [['m1'], true],
  ]);
  go('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs).toHaveLength(2);
});

test('a question that a stopped supervision leaves goes to a person at once', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  world.onRun = () => ({ kind: 'stopped', by: 'ada', unanswered: ['m1'], host: HOST });
  const { epic, landed } = await start(world);
  await epic.signal(mailSignal, { mailId: 'm1' });
  await until(() => world.handedOn.length > 0);
  expect(world.handedOn).toEqual(['m1']);
  expect(world.runs).toHaveLength(1);
  go('a');
  await landed();
  await epic.result();
});

test('a planner for whom no host has room waits for that in words', async () => {
  const world = new EpicWorld(undefined, { planner: 'model' });
  world.plans.push({ a: [] });
  world.onRun = () => ({ kind: 'completed', summary: 'a plan', planVersion: 1, host: HOST });
  const full = gate<void>();
  world.onClaim = async ({ isPatient }) => {
    if (isPatient) await full.promise;
    return isPatient ? undefined : { kind: 'full', host: 'anvil', freeBytes: 2 ** 29, wantedBytes: 2 ** 30 };
  };
  const { epic, reached, landed } = await start(world);
  await reached('its planner boss, which waits for room on the disk of anvil: 0.5 GiB are free');
  full.open();
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
});
