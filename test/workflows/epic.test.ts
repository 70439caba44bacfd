import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  type EpicInput,
  type EpicView,
  type EpicWorkflow,
  epicAddTaskUpdate,
  epicApprovePlanUpdate,
  epicCancelTaskUpdate,
  epicEditPlanUpdate,
  epicLandUpdate,
  epicRetryFailedUpdate,
  epicRetryTaskUpdate,
  epicStatusQuery,
  taskChangedSignal,
} from '../../workflows/contract/epic.js';
import {
  type OwnerForgeEvent,
  ownerForgeEventSignal,
  requestRebaseSignal,
} from '../../workflows/contract/forge-event.js';
import { epicWorkflowId, FACTORY_WORKFLOW_ID, queueWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { cancelUpdate, holdSignal, mailSignal, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import type { TaskEnding } from './support/epic-stubs.workflow.js';
import { EpicWorld, EpicWorlds, gate, HOST, snapshot } from './support/epic-world.js';
import { type Heard, heardQuery } from './support/listener.workflow.js';
import { Rig } from './support/rig.js';

const worlds = new EpicWorlds();
const BY = { by: 'ada' };
const DIAMOND = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] };
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start('./epic.bundle.ts', worlds.activities, ['host-a']);
  await rig.env.client.workflow.start('factory', { workflowId: FACTORY_WORKFLOW_ID, taskQueue: QUEUE.shared });
}, 120_000);
afterAll(() => rig.stop());

interface Started {
  readonly id: string;
  readonly epic: WorkflowHandle<EpicWorkflow>;
  readonly world: EpicWorld;
  readonly view: () => Promise<EpicView>;
  readonly landed: () => Promise<void>;
  /** Until the row says so: state, or phase, or what it waits for. */
  readonly reached: (text: string) => Promise<void>;
}

async function start(world: EpicWorld, input: Partial<EpicInput> = {}, id: string = randomUUID()): Promise<Started> {
  worlds.add(id, world);
  const epic = await rig.env.client.workflow.start<EpicWorkflow>('epic', {
    workflowId: epicWorkflowId(id),
    taskQueue: QUEUE.shared,
    args: [{ epicId: id, tuning: 'brisk', ...input }],
  });
  const landed = async (): Promise<void> => {
    await until(() => world.enqueued.length > 0);
    await epic.signal(ownerForgeEventSignal, landing(world));
  };
  const reached = (text: string): Promise<void> =>
    until(() => [world.row.state, world.row.phase, world.row.waitingFor].some((one) => one?.includes(text)));
  return { id, epic, world, view: () => epic.query(epicStatusQuery), landed, reached };
}

const landing = (world: EpicWorld): OwnerForgeEvent => ({
  kind: 'entryLanded',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  mergeSha: 'merge-1',
});

const refusal = (update: Promise<unknown>): Promise<string> =>
  update.then(
    () => 'accepted',
    (error: unknown) =>
      error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
        ? String(error.cause.type)
        : String(error),
  );

/** Tasks that wait until the test lets each go on. */
function gated(world: EpicWorld): (key: string, ending?: TaskEnding) => void {
  const gates = new Map<string, ReturnType<typeof gate<TaskEnding>>>();
  const of = (key: string) => {
    const known = gates.get(key) ?? gate<TaskEnding>();
    gates.set(key, known);
    return known;
  };
  world.onTask = (key) => of(key).promise;
  return (key, ending = 'COMPLETED') => of(key).open(ending);
}

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

test('an epic whose row has ended returns at once', async () => {
  const world = new EpicWorld();
  world.ended = 'CANCELLED';
  const { epic } = await start(world);
  expect(await epic.result()).toEqual({ kind: 'ended', state: 'CANCELLED' });
});

test('both sides of a diamond work at the same time', async () => {
  const world = new EpicWorld(DIAMOND, { mergeTarget: 'base' });
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

test('tasks that land on the base branch need no epic branch and no pull request', async () => {
  const world = new EpicWorld({ a: [] }, { mergeTarget: 'base' });
  world.onCreateBranch = () => Promise.reject(new Error('no branch is to be made'));
  const { epic } = await start(world);
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 1 });
  expect([world.opened, world.enqueued, world.dropped]).toEqual([[], [], []]);
});

test('an epic of which nothing lands completes without a pull request and says so', async () => {
  const world = new EpicWorld({ a: [] });
  world.isNothing = true;
  const { epic } = await start(world);
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 1 });
  expect(world.entries.map(({ decision }) => decision?.title)).toContain('nothing_landed');
  expect([world.opened, world.dropped]).toEqual([[], ['millwright/epic']]);
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

test('commands that come before the first task of the workflow are carried out', async () => {
  await rig.stopWorkers();
  const world = new EpicWorld({ a: [] });
  const { epic, landed } = await start(world);
  const paused = epic.executeUpdate(pauseUpdate, { args: [BY] });
  await epic.signal(mailSignal, { mailId: 'm1' });
  await rig.startWorkers();
  expect(await paused).toMatchObject({ pausedBy: ['person'] });
  await until(() => world.row.waitingFor === 'a person to resume it');
  expect(world.said).toEqual([]);
  await epic.executeUpdate(resumeUpdate, { args: [BY] });
  await until(() => world.runs.length === 1);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
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
  await until(() => world.mailed().includes('run_blocked'));
  expect(world.runs).toHaveLength(3);
  go('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
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
  await rig.env.client.workflow.getHandle(taskWorkflowId(`${id}:a`)).terminate();
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

test('a task that a person adds is done before the epic lands', async () => {
  const world = new EpicWorld({ a: [] }, { land: 'person' });
  const { id, epic, reached, landed } = await start(world);
  await reached('awaiting_merge');
  world.taskRows.set(`${id}:late`, snapshot(`${id}:late`));
  await epic.executeUpdate(epicAddTaskUpdate, { args: [{ ...BY, taskId: `${id}:late` }] });
  await until(() => world.keysOf('started').includes('late'));
  await until(() => world.opened.length === 2);
  await reached('awaiting_merge');
  await epic.executeUpdate(epicLandUpdate, { args: [BY] });
  expect(await refusal(epic.executeUpdate(epicAddTaskUpdate, { args: [{ ...BY, taskId: 'x' }] }))).toBe('InvalidState');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 2 });
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

test('a person lands the pull request, and lands it again after the queue let it go', async () => {
  const world = new EpicWorld({ a: [] }, { land: 'person' });
  const { epic, reached, landed } = await start(world);
  await reached('ada to land pull request #7');
  await epic.executeUpdate(epicLandUpdate, { args: [BY] });
  await until(() => world.enqueued.length === 1);
  await reached('the merge queue of main');
  const entryId = world.enqueued[0]?.entryId ?? '';
  const detail = { evidence: [], failedChecks: [] };
  const ejected = {
    kind: 'entryEjected',
    entryId,
    prNumber: 7,
    reason: 'CHECKS_FAILED',
    detail,
    next: 'mend it',
  } as const;
  await epic.signal(ownerForgeEventSignal, ejected);
  await epic.signal(ownerForgeEventSignal, ejected);
  await reached('BLOCKED');
  expect(world.row).toMatchObject({
    phase: 'awaiting_merge',
    blockedReason: 'pull request #7 left the merge queue: CHECKS_FAILED',
  });
  world.tips['millwright/epic'] = 'epic-2';
  await epic.executeUpdate(epicLandUpdate, { args: [BY] });
  await until(() => world.enqueued.length === 2);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
  expect(world.enqueued.map(({ headSha, by }) => [headSha, by])).toEqual([
    ['epic-1', 'ada'],
    ['epic-2', 'ada'],
  ]);
  expect(world.mailed()).toEqual(['epic_waits_for_landing', 'entry_ejected', 'epic_completed']);
});

test('a queue that takes no entries is asked again', async () => {
  const world = new EpicWorld({ a: [] });
  world.onEnqueue = (_entry, count) =>
    count === 1 ? { kind: 'refused', code: 'LANE_DRAINING', message: 'the lane is draining' } : undefined;
  const { epic, landed } = await start(world, { timing: { retryMs: 10 } });
  await until(() => world.enqueued.length === 2);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
});

async function listen(id: string): Promise<() => Promise<Heard>> {
  const workflowId = queueWorkflowId(id, 'main');
  const queue = await rig.env.client.workflow.start('listener', { workflowId, taskQueue: QUEUE.shared });
  return () => queue.query(heardQuery);
}

const rebase = (world: EpicWorld, requestId: string) => ({
  requestId,
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  tip: 'base-2',
  headSha: 'epic-1',
  files: ['a.txt'],
  landed: [],
  round: 1,
  maxRounds: 3,
  dueAt: '2026-01-01T00:00:00Z',
});

test('a conflict with the base becomes one task that merges it, and the queue hears of the new head', async () => {
  const world = new EpicWorld({ a: [] });
  const { id, epic, landed } = await start(world);
  const queue = await listen(id);
  await until(() => world.enqueued.length === 1);
  world.tips['millwright/epic'] = 'epic-2';
  await epic.signal(requestRebaseSignal, rebase(world, 'r1'));
  await epic.signal(requestRebaseSignal, rebase(world, 'r1'));
  await until(async () => (await queue()).queue.length === 1);
  const { entryId } = rebase(world, 'r1');
  expect((await queue()).queue).toEqual([{ kind: 'headPushed', entryId, headSha: 'epic-2' }]);
  await epic.signal(requestRebaseSignal, rebase(world, 'r1'));
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 2 });
  expect(world.opened.at(-1)).toBe('epic-2');
  expect([...world.taskRows.keys()]).toEqual([`${id}:a`, `${id}:integrate-1`]);
});

test('an integration task that fails blocks the epic until it is retried', async () => {
  const world = new EpicWorld({ a: [] });
  world.onTask = (key, attempt) => (key.startsWith('integrate') && attempt === 1 ? 'FAILED' : 'COMPLETED');
  const { id, epic, reached, landed } = await start(world);
  const queue = await listen(id);
  await until(() => world.enqueued.length === 1);
  await epic.signal(requestRebaseSignal, rebase(world, 'r1'));
  await reached('BLOCKED');
  await epic.executeUpdate(epicRetryFailedUpdate, { args: [BY] });
  await until(async () => (await queue()).queue.length === 1);
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 2 });
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

test('an epic cancelled through Temporal ends as if a person had cancelled it', async () => {
  const world = new EpicWorld({ a: [] });
  gated(world);
  const { epic } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  await epic.cancel();
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect(world.keysOf('cancelled')).toEqual(['a']);
});

test('an epic cancelled while its pull request waits closes it', async () => {
  const { epic, world, reached } = await start(new EpicWorld({ a: [] }, { land: 'person' }));
  await reached('awaiting_merge');
  await epic.executeUpdate(cancelUpdate, { args: [BY] });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect([world.closed, world.dropped]).toEqual([[7], ['millwright/epic']]);
});

test('an epic cancelled in the queue withdraws, unless it has landed by then', async () => {
  const withdrawn = await start(new EpicWorld({ a: [] }));
  const late = await start(new EpicWorld({ a: [] }));
  for (const { id, epic, world } of [withdrawn, late]) {
    const queue = await listen(id);
    await until(() => world.enqueued.length === 1);
    await epic.executeUpdate(cancelUpdate, { args: [BY] });
    await until(async () => (await queue()).queue.length === 1);
    expect((await queue()).queue).toMatchObject([{ kind: 'withdraw', by: 'ada' }]);
  }
  const entryId = withdrawn.world.enqueued[0]?.entryId ?? '';
  await withdrawn.epic.signal(ownerForgeEventSignal, { kind: 'entryWithdrawn', entryId, prNumber: 7, by: 'ada' });
  await late.landed();
  expect(await withdrawn.epic.result()).toEqual({ kind: 'cancelled' });
  expect(await late.epic.result()).toMatchObject({ kind: 'completed', mergeSha: 'merge-1' });
});

test('a forge that refuses blocks the epic until a person resumes it', async () => {
  const world = new EpicWorld({ a: [] });
  world.onCreateBranch = () => {
    throw ApplicationFailure.nonRetryable('pushes are forbidden', 'PermissionDenied');
  };
  const { epic, reached, landed } = await start(world);
  await reached('BLOCKED');
  expect(world.row).toMatchObject({ blockedReason: 'pushes are forbidden' });
  await until(() => world.mailed().includes('run_blocked'));
  world.onCreateBranch = () => undefined;
  await epic.executeUpdate(resumeUpdate, { args: [BY] });
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['BLOCKED', 'PLANNING', 'IN_PROGRESS', 'COMPLETED']);
});

test('a command for an older revision is refused', async () => {
  const { epic, reached, view } = await start(new EpicWorld({ a: [] }, { land: 'person' }));
  await reached('awaiting_merge');
  const { revision } = await view();
  const land = (expectedRevision: number) =>
    epic.executeUpdate(epicLandUpdate, { args: [{ ...BY, expectedRevision }] });
  expect(await refusal(land(revision - 1))).toBe('StaleVersion');
  expect(await refusal(land(revision))).toBe('accepted');
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
  const world = new EpicWorld(DIAMOND);
  const go = gated(world);
  const { epic, landed } = await start(world);
  await until(() => world.keysOf('started').length === 1);
  go('a');
  await until(() => world.keysOf('started').length === 3);
  for (const key of ['b', 'c']) go(key);
  await rig.stopWorkers();
  await rig.startWorkers();
  await until(() => world.keysOf('started').length === 4);
  go('d');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 4 });
  expect([...world.keysOf('started')].sort()).toEqual(['a', 'b', 'c', 'd']);
}, 120_000);
