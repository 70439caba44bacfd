import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import {
  epicAddTaskUpdate,
  epicApprovePlanUpdate,
  epicCancelTaskUpdate,
  epicEditPlanUpdate,
  epicLandUpdate,
  epicRetryFailedUpdate,
  epicRetryTaskUpdate,
} from '../../workflows/contract/epic.js';
import { cancelUpdate, mailSignal, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { BY, gated, refusal, start, useEpics } from './support/epic-rig.js';
import { EpicWorld, gate, snapshot } from './support/epic-world.js';

const { rig } = useEpics();

test('an epic whose row has ended returns at once', async () => {
  const world = new EpicWorld();
  world.ended = 'CANCELLED';
  const { epic } = await start(world);
  expect(await epic.result()).toEqual({ kind: 'ended', state: 'CANCELLED' });
});

test('commands that come before the first task of the workflow are carried out', async () => {
  await rig().stopWorkers();
  const world = new EpicWorld({ a: [] });
  const { epic, landed } = await start(world);
  const paused = epic.executeUpdate(pauseUpdate, { args: [BY] });
  await epic.signal(mailSignal, { mailId: 'm1' });
  await rig().startWorkers();
  expect(await paused).toMatchObject({ pausedBy: ['person'] });
  await until(() => world.row.waitingFor === 'a person to resume it');
  expect(world.said).toEqual([]);
  await epic.executeUpdate(resumeUpdate, { args: [BY] });
  await until(() => world.runs.length === 1);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
});

test('an epic cancelled while it waits for approval ends everything it has', async () => {
  const { epic, world, reached } = await start(new EpicWorld({ a: [] }, { approval: 'plan' }));
  await reached('awaiting_approval');
  await epic.executeUpdate(cancelUpdate, { args: [{ ...BY, reason: 'not wanted' }] });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect(world.row).toMatchObject({ state: 'CANCELLED', waitingFor: null });
  expect([world.dropped, world.closed, world.said]).toEqual([['millwright/epic'], [], []]);
  expect(world.entries.at(-1)?.decision).toMatchObject({ decision: 'CANCELLED', reasoning: 'not wanted', by: 'ada' });
});

test('an epic cancelled while it plans ends its planner', async () => {
  const world = new EpicWorld(undefined, { planner: 'model' });
  world.onRun = () => gate<never>().promise;
  const { epic } = await start(world);
  await until(() => world.runs.length === 1);
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect(world.released).toHaveLength(1);
});

test('an epic cancelled through Temporal ends as if a person had cancelled it', async () => {
  const world = new EpicWorld({ a: [] });
  gated(world);
  const { epic } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  await epic.cancel();
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect(world.keysOf('cancelled')).toEqual(['a']);
});

test('a forge that refuses blocks the epic until a person resumes it', async () => {
  const world = new EpicWorld({ a: [] });
  world.onCreateBranch = () => {
    throw ApplicationFailure.nonRetryable('pushes are forbidden', 'PermissionDenied');
  };
  const { epic, reached, landed } = await start(world);
  await reached('BLOCKED');
  expect(world.row).toMatchObject({ blockedReason: 'pushes are forbidden' });
  await until(() => world.mailed().includes('epic_stuck'));
  world.onCreateBranch = () => undefined;
  await epic.executeUpdate(resumeUpdate, { args: [BY] });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['BLOCKED', 'PLANNING', 'IN_PROGRESS', 'COMPLETED']);
});

test('every command for an older revision, or about a task that is not there, is refused', async () => {
  const { epic, reached, view } = await start(new EpicWorld({ a: [] }, { land: 'person' }));
  await reached('awaiting_merge');
  const { revision } = await view();
  const plain = [pauseUpdate, resumeUpdate, cancelUpdate, epicLandUpdate, epicRetryFailedUpdate];
  const stale = { ...BY, expectedRevision: revision - 1 };
  for (const update of plain) expect(await refusal(epic.executeUpdate(update, { args: [stale] }))).toBe('StaleVersion');
  for (const update of [epicApprovePlanUpdate, epicEditPlanUpdate])
    expect(await refusal(epic.executeUpdate(update, { args: [{ ...stale, planVersion: 9 }] }))).toBe('StaleVersion');
  for (const update of [epicRetryTaskUpdate, epicCancelTaskUpdate])
    expect(await refusal(epic.executeUpdate(update, { args: [{ ...BY, taskId: 'none' }] }))).toBe('NotFound');
  const land = async () => ({ ...BY, expectedRevision: (await view()).revision });
  // What is saved meanwhile raises it: the newest one is taken.
  await until(async () => (await refusal(epic.executeUpdate(epicLandUpdate, { args: [await land()] }))) === 'accepted');
  expect(await refusal(epic.executeUpdate(epicAddTaskUpdate, { args: [{ ...BY, taskId: 'late' }] }))).toBe(
    'InvalidState',
  );
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
});

test('an epic that is brought back goes on from its rows: what has landed stays, what was begun begins again', async () => {
  const id = randomUUID();
  const world = new EpicWorld(
    { a: [], b: ['a'], c: ['b'] },
    { state: 'IN_PROGRESS', phase: 'executing', appliedPlanVersion: 1 },
  );
  const needs = (key: string) => [{ taskId: `${id}:${key}`, type: 'finish_to_start', required: true } as const];
  world.taskRows.set(`${id}:a`, snapshot(`${id}:a`, { state: 'COMPLETED' }));
  world.taskRows.set(`${id}:b`, snapshot(`${id}:b`, { state: 'IN_PROGRESS', attempts: 2, dependsOn: needs('a') }));
  world.taskRows.set(`${id}:c`, snapshot(`${id}:c`, { dependsOn: needs('b') }));
  const { epic, landed } = await start(world, {}, id);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 3 });
  expect(world.keysOf('started')).toEqual(['b', 'c']);
});

test('an epic that is brought back after its pull request landed only ends', async () => {
  const id = randomUUID();
  const entry = { entryId: 'e1', state: 'landed', landedSha: 'merge-1' };
  const world = new EpicWorld(undefined, {
    state: 'IN_PROGRESS',
    phase: 'integrating',
    planVersion: 1,
    appliedPlanVersion: 1,
    prNumber: 7,
    entry,
  });
  world.taskRows.set(`${id}:a`, snapshot(`${id}:a`, { state: 'COMPLETED' }));
  const { epic } = await start(world, {}, id);
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 1, mergeSha: 'merge-1' });
  expect([world.enqueued, world.opened]).toEqual([[], []]);
});

test('an epic continues in new histories with its tasks running and its messages waiting', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => `t${i}`);
  const world = new EpicWorld(Object.fromEntries(keys.map((key, i) => [key, i < 4 ? [] : [`t${i - 4}`]])));
  const { epic, landed } = await start(world, { maxEvents: 20 });
  const firstRun = (await epic.describe()).runId;
  for (let i = 0; i < 10; i += 1) await epic.signal(mailSignal, { mailId: `m${i % 5}` });
  await epic.executeUpdate(pauseUpdate, { args: [BY] });
  await epic.executeUpdate(resumeUpdate, { args: [BY] });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 12 });
  expect((await epic.describe()).runId).not.toBe(firstRun);
  expect([...world.keysOf('started')].sort()).toEqual([...keys].sort());
  const numbers = [...world.entries, ...world.taskEntries].map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('a worker that stops in the middle of an epic loses nothing', async () => {
  const world = new EpicWorld({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] });
  const go = gated(world);
  const { epic, landed } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  go('a');
  await until(() => world.keysOf('started').length === 3);
  for (const key of ['b', 'c']) go(key);
  await rig().stopWorkers();
  await rig().startWorkers();
  await until(() => world.keysOf('started').length === 4);
  go('d');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 4 });
  expect([...world.keysOf('started')].sort()).toEqual(['a', 'b', 'c', 'd']);
});
