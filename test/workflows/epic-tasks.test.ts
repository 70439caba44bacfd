import { expect, test } from '@jest/globals';
import {
  epicApprovePlanUpdate,
  epicCancelTaskUpdate,
  epicEditPlanUpdate,
  epicRetryFailedUpdate,
  epicRetryTaskUpdate,
  taskChangedSignal,
} from '../../workflows/contract/epic.js';
import { taskWorkflowId } from '../../workflows/contract/ids.js';
import { cancelUpdate, holdSignal, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { BY, gated, refusal, start, useEpics } from './support/epic-rig.js';
import type { TaskEnding } from './support/epic-stubs.workflow.js';
import { EpicWorld, gate } from './support/epic-world.js';

const { rig } = useEpics();

test('both sides of a diamond work at the same time', async () => {
  const world = new EpicWorld({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }, { mergeTarget: 'base' });
  const go = gated(world);
  const { epic } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  go('a');
  await until(() => world.keysOf('started').length === 3);
  await until(() => world.running === 2);
  expect([...world.keysOf('started')].sort()).toEqual(['a', 'b', 'c']);
  go('b');
  go('c');
  await until(() => world.keysOf('started').length === 4);
  go('d');
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 4 });
});

test('no more tasks work at once than the epic allows', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const plan = Object.fromEntries(keys.map((key) => [key, []]));
  const world = new EpicWorld(plan, { mergeTarget: 'base', maxParallelTasks: 2 });
  const go = gated(world);
  const { epic } = await start(world);
  await until(() => world.running === 2);
  for (const key of keys) go(key);
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 5 });
  expect(world.mostRunning).toBe(2);
});

test('a pause holds running tasks and starts none; a resume lets all go on', async () => {
  const world = new EpicWorld({ a: [], b: ['a'] }, { mergeTarget: 'base' });
  const go = gated(world);
  const { epic } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  expect(await epic.executeUpdate(pauseUpdate, { args: [BY] })).toMatchObject({ pausedBy: ['person'] });
  expect(await refusal(epic.executeUpdate(pauseUpdate, { args: [BY] }))).toBe('InvalidState');
  await until(() => world.keysOf('held').length === 1);
  go('a');
  await epic.signal(holdSignal, { by: 'factory', on: true });
  await epic.executeUpdate(resumeUpdate, { args: [BY] });
  await until(() => world.row.waitingFor === 'the factory to be thawed');
  expect(world.keysOf('started')).toEqual(['a']);
  await epic.signal(holdSignal, { by: 'factory', on: false });
  go('b');
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 2 });
  expect(await refusal(epic.executeUpdate(resumeUpdate, { args: [BY] }))).not.toBe('accepted');
});

test('a failed task blocks the epic and skips what needs it; its retry brings both back', async () => {
  const world = new EpicWorld({ a: [], b: ['a'], c: [] });
  world.onTask = (key, attempt) => (key === 'a' && attempt === 1 ? 'FAILED' : 'COMPLETED');
  const { id, epic, reached, view, landed } = await start(world);
  await reached('BLOCKED');
  expect(world.row).toMatchObject({ blockedReason: 'a task failed: “a”', waitingFor: 'ada to retry or cancel “a”' });
  expect((await view()).tasks).toEqual({ [`${id}:a`]: 'FAILED', [`${id}:b`]: 'SKIPPED', [`${id}:c`]: 'COMPLETED' });
  const retry = (key: string) => epic.executeUpdate(epicRetryTaskUpdate, { args: [{ ...BY, taskId: `${id}:${key}` }] });
  expect([await refusal(retry('nobody')), await refusal(retry('c'))]).toEqual(['NotFound', 'InvalidState']);
  await retry('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 3 });
  expect(world.taskRows.get(`${id}:a`)).toMatchObject({ attempts: 2 });
  expect(world.taskEntries.map(({ data }) => `${data?.from} ${data?.to}`)).toEqual([
    'PENDING SKIPPED',
    'FAILED PENDING',
    'SKIPPED PENDING',
  ]);
  expect(world.states()).toEqual(['IN_PROGRESS', 'BLOCKED', 'IN_PROGRESS', 'COMPLETED']);
  expect(world.mailed()).toEqual(['tasks_failed', 'epic_completed']);
});

test('every failed task is retried at once, and a cancelled one leaves what needs it skipped', async () => {
  const world = new EpicWorld({ a: [], b: [], c: ['b'] });
  world.onTask = (key, attempt) => (key === 'b' || attempt === 1 ? 'FAILED' : 'COMPLETED');
  const { id, epic, reached, landed } = await start(world);
  await reached('BLOCKED');
  await epic.executeUpdate(epicRetryFailedUpdate, { args: [BY] });
  await until(() => world.mailed().length === 2);
  const cancel = (key: string) =>
    epic.executeUpdate(epicCancelTaskUpdate, { args: [{ ...BY, taskId: `${id}:${key}` }] });
  expect([await refusal(cancel('a')), await refusal(cancel('c'))]).toEqual(['InvalidState', 'InvalidState']);
  await cancel('b');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
  expect([...world.taskRows.values()].map(({ state }) => state)).toEqual(['PENDING', 'CANCELLED', 'SKIPPED']);
});

test('a task at work is not cancelled through the epic', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  const { id, epic, landed } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  expect(await refusal(epic.executeUpdate(epicCancelTaskUpdate, { args: [{ ...BY, taskId: `${id}:a` }] }))).toBe(
    'InvalidState',
  );
  go('a');
  await landed();
  await epic.result();
});

test('a task that is blocked keeps the epic waiting for whoever can unblock it', async () => {
  const world = new EpicWorld({ a: [] });
  world.onTask = () => 'blocks';
  const { epic, reached } = await start(world);
  await reached('somebody to unblock “a” (it needs a person)');
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
});

test('a child that dies without a word is started again', async () => {
  const world = new EpicWorld({ a: [] });
  let lives = 0;
  world.onTask = () => {
    lives += 1;
    return lives < 3 ? 'die' : 'COMPLETED';
  };
  const { epic, landed } = await start(world);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
  expect(lives).toBe(3);
});

test('a child that is terminated is started again', async () => {
  const world = new EpicWorld({ a: [] });
  const go = gated(world);
  const { id, epic, landed } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  await rig()
    .env.client.workflow.getHandle(taskWorkflowId(`${id}:a`))
    .terminate();
  await until(() => world.keysOf('started').length === 2);
  go('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
});

test('a silent child is asked after, and the one that is closed is started again', async () => {
  const world = new EpicWorld({ a: [] });
  let asked = 0;
  world.status = () => {
    asked += 1;
    return 'open';
  };
  const go = gated(world);
  const { epic, landed } = await start(world, { timing: { silentMs: 100 } });
  await until(() => asked > 1);
  go('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
});

test('news of an earlier life of a task is dropped', async () => {
  const world = new EpicWorld({ a: [] });
  world.onTask = (_key, attempt) => (attempt === 1 ? 'FAILED' : gate<TaskEnding>().promise);
  const { id, epic, reached, view } = await start(world);
  const taskId = `${id}:a`;
  await reached('BLOCKED');
  await epic.executeUpdate(epicRetryTaskUpdate, { args: [{ ...BY, taskId }] });
  await until(() => world.keysOf('started').length === 2);
  const news = { taskId, attempt: 1, state: 'COMPLETED', wantsSlot: false, hasBranch: true } as const;
  await epic.signal(taskChangedSignal, news);
  await until(async () => (await view()).tasks[taskId] === 'IN_PROGRESS');
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
});

test('a plan that is edited while it is carried out adds its new tasks', async () => {
  const world = new EpicWorld({ a: [], b: ['a'] }, { approval: 'plan', mergeTarget: 'base' });
  const go = gated(world);
  const { epic, reached } = await start(world);
  await reached('awaiting_approval');
  await epic.executeUpdate(epicApprovePlanUpdate, { args: [{ ...BY, planVersion: 1 }] });
  await until(() => world.keysOf('started').length === 1);
  world.plans.push({ a: [], b: ['a'], c: [] });
  await epic.executeUpdate(epicEditPlanUpdate, { args: [{ ...BY, planVersion: 2 }] });
  await until(() => world.keysOf('started').length === 2);
  expect(world.keysOf('started')).toEqual(['a', 'c']);
  for (const key of ['a', 'b', 'c']) go(key);
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 3 });
});

test('an epic cancelled at work cancels its tasks, waits for them, and cancels the rest itself', async () => {
  const world = new EpicWorld({ a: [], b: [], c: ['a'] });
  gated(world);
  const { id, epic } = await start(world);
  await until(() => world.keysOf('started').length === 2);
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
  expect(await refusal(epic.executeUpdate(pauseUpdate, { args: [BY] }))).not.toBe('accepted');
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect([...world.keysOf('cancelled')].sort()).toEqual(['a', 'b']);
  expect(world.taskRows.get(`${id}:c`)?.state).toBe('CANCELLED');
});
