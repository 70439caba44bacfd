import { expect, test } from '@jest/globals';
import { runStopUpdate } from '../../workflows/contract/agent-run.js';
import { ownerForgeEventSignal } from '../../workflows/contract/forge-event.js';
import { FACTORY_WORKFLOW_ID, runWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import {
  admittedSignal,
  cancelUpdate,
  holdSignal,
  mailSignal,
  pauseUpdate,
  resumeUpdate,
} from '../../workflows/contract/messages.js';
import { taskStatusQuery } from '../../workflows/contract/task.js';
import { until } from '../support/until.js';
import { openGate } from './support/gate.js';
import { heardQuery } from './support/listener.workflow.js';
import { by, refusal } from './support/refusal.js';
import { calls, complete, failure, RunWorld } from './support/run-world.js';
import { isQueued, landing, refusedRun, slowRun, TaskSuite } from './support/task-suite.js';
import { TaskWorld } from './support/task-world.js';

const suite = TaskSuite.use();

test('a run stopped by a person blocks its task', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun, () => new RunWorld([complete])];
  const { task, landed } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  const run = suite.client.workflow.getHandle(runWorkflowId(world.runs[0]?.opened?.runId ?? ''));
  await run.executeUpdate(runStopUpdate, by);
  await until(() => world.mails.length === 1);
  expect(world.row).toMatchObject({
    state: 'BLOCKED',
    blockedReason: 'the run was stopped by ada; resume the task to go on, or cancel it',
  });
  // No agent sets going again whom a person stopped.
  expect(world.mails[0]).toMatchObject({ to: { kind: 'human', id: 'ada' }, template: { kind: 'run_stopped' } });
  await task.executeUpdate(resumeUpdate, by);
  await landed();
  await task.result();
});

test('a pause holds the run, and a resume lets it go on with a slot', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, owner, landed } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  expect(await task.executeUpdate(pauseUpdate, by)).toMatchObject({ state: 'IN_PROGRESS', pausedBy: ['person'] });
  await until(() => world.runs[0]?.row.state === 'paused');
  openGate();
  await until(async () => (await owner()).tasks.at(-1)?.wantsSlot === false);
  expect(world.runs[0]?.row.pausedBy).toEqual(['parent']);
  await task.executeUpdate(resumeUpdate, by);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('a run that a person paused is told of by its task, which names what to resume', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, owner, landed } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  const runId = world.runs[0]?.opened?.runId ?? '';
  const run = suite.client.workflow.getHandle(runWorkflowId(runId));
  await run.executeUpdate(pauseUpdate, by);
  const waits = 'its run, which waits for a person to resume it';
  await until(() => world.row.waitingFor === waits);
  await until(async () => (await owner()).tasks.at(-1)?.reason === waits);
  await expect(task.executeUpdate(resumeUpdate, by)).rejects.toMatchObject({
    cause: { message: `The task is not paused: its run ${runId} is; resume that.` },
  });
  openGate();
  await run.executeUpdate(resumeUpdate, by);
  await landed();
  await task.result();
  expect(world.row).toMatchObject({ state: 'COMPLETED', waitingFor: null });
});

test('a hold of the factory is not lifted by a person', async () => {
  const world = new TaskWorld();
  const { task, landed } = await suite.start(world, { admits: false });
  await task.signal(holdSignal, { by: 'factory', on: true });
  await task.signal(admittedSignal, { slots: 1 });
  await until(() => world.row.pausedBy?.[0] === 'factory');
  // The row has its revision before the workflow hears of it.
  await until(async () => (await task.query(taskStatusQuery)).revision > 0);
  expect(await refusal(task.executeUpdate(resumeUpdate, by))).toBe('InvalidState');
  expect(await refusal(task.executeUpdate(pauseUpdate, { args: [{ by: 'ada', expectedRevision: 0 }] }))).toBe(
    'StaleVersion',
  );
  expect(world.trees).toEqual([]);
  await task.signal(holdSignal, { by: 'factory', on: false });
  await until(() => world.row.pausedBy?.length === 0);
  await task.signal(admittedSignal, { slots: 1 });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('a cancelled task ends before it begins', async () => {
  const world = new TaskWorld();
  const { id, task } = await suite.start(world, { admits: false });
  await until(() => world.row.revision > 0);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.row.state).toBe('CANCELLED');
  expect(world.dropped).toEqual([id]);
});

test('a cancelled task ends its run as cancelled and drops what it made', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { id, task } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.runs[0]?.row.state).toBe('cancelled');
  expect(world.dropped).toEqual([id]);
  expect(world.released).toEqual(['tree-1']);
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'CANCELLED']);
});

test('a cancellation during the checks ends them', async () => {
  const world = new TaskWorld();
  let isChecking = false;
  world.onCheck = () => {
    isChecking = true;
    return new Promise(() => undefined);
  };
  const { task } = await suite.start(world);
  await until(() => isChecking);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
});

test('a paused task leaves the queue, and a resumed one enters it again', async () => {
  const world = new TaskWorld();
  const { task, queue } = await suite.start(world);
  await isQueued(world);
  await task.executeUpdate(pauseUpdate, by);
  await until(async () => (await queue()).queue.length > 0);
  const withdraw = (await queue()).queue[0];
  expect(withdraw).toMatchObject({ kind: 'withdraw', entryId: world.enqueued[0]?.entryId });
  const event = { kind: 'entryWithdrawn', entryId: world.enqueued[0]?.entryId ?? '', prNumber: 7 } as const;
  await task.signal(ownerForgeEventSignal, { ...event, by: withdraw?.kind === 'withdraw' ? withdraw.by : '' });
  expect(await task.executeUpdate(resumeUpdate, by)).toMatchObject({ state: 'REVIEW', pausedBy: [] });
  await isQueued(world, 2);
  await task.signal(ownerForgeEventSignal, landing(world));
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.closed).toEqual([]);
});

test('a task that the factory holds keeps its place in the queue', async () => {
  const world = new TaskWorld();
  const { task, queue, landed } = await suite.start(world);
  await isQueued(world);
  await task.signal(holdSignal, { by: 'factory', on: true });
  await until(() => world.row.pausedBy?.[0] === 'factory');
  await landed();
  await task.result();
  expect((await queue()).queue).toEqual([]);
});

test('a cancelled task in the queue withdraws and closes its pull request', async () => {
  const world = new TaskWorld();
  const { task, queue } = await suite.start(world);
  await isQueued(world);
  await task.executeUpdate(cancelUpdate, by);
  await until(async () => (await queue()).queue.length > 0);
  expect((await queue()).queue[0]).toMatchObject({ kind: 'withdraw', entryId: world.enqueued[0]?.entryId, by: 'ada' });
  expect(world.closed).toEqual([]);
  const entryId = world.enqueued[0]?.entryId ?? '';
  await task.signal(ownerForgeEventSignal, { kind: 'entryWithdrawn', entryId, prNumber: 7, by: 'ada' });
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.closed).toEqual([7]);
});

test('a cancellation loses against a landing that won', async () => {
  const world = new TaskWorld();
  const { task, queue } = await suite.start(world);
  await isQueued(world);
  await task.executeUpdate(cancelUpdate, by);
  await until(async () => (await queue()).queue.length > 0);
  await task.signal(ownerForgeEventSignal, landing(world));
  expect(await task.result()).toEqual({ kind: 'completed', mergeSha: 'merge-1' });
  expect(world.closed).toEqual([]);
});

test('a blocked task can be cancelled, but not by a command for an older revision', async () => {
  const world = new TaskWorld();
  world.scripts = [refusedRun];
  world.onAcquire = async () => undefined;
  const { task } = await suite.start(world);
  await until(async () => world.mails.length === 1 && (await task.query(taskStatusQuery)).revision > 0);
  for (const update of [pauseUpdate, resumeUpdate, cancelUpdate])
    expect(await refusal(task.executeUpdate(update, { args: [{ by: 'ada', expectedRevision: 0 }] }))).toBe(
      'StaleVersion',
    );
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
});

test('a cancellation in the Temporal UI is one like any other', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  await task.cancel();
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.runs[0]?.row.state).toBe('cancelled');
});

const blockedRun = (reason: string): RunWorld =>
  new RunWorld([{ reply: calls('store-block'), tools: { 'store-block': { kind: 'blocked', reason } } }]);

test('after two answers that did not help, a person is asked instead of the supervisor', async () => {
  const world = new TaskWorld();
  world.scripts = [() => blockedRun('still no key')];
  const { task } = await suite.start(world);
  for (const count of [1, 2]) {
    await until(() => world.mails.length === count);
    await task.signal(mailSignal, { mailId: `help-${count}`, answers: world.mails[count - 1]?.mailId ?? '' });
  }
  await until(() => world.mails.length === 3);
  expect(world.mails.map(({ to }) => to.kind)).toEqual(['epic', 'epic', 'human']);
  await until(() => world.row.waitingFor === 'an answer to its question, or a person to resume it');
  await task.executeUpdate(cancelUpdate, by);
  await task.result();
});

test('a request that the provider refuses is a matter for a person at once', async () => {
  const world = new TaskWorld();
  world.scripts = [() => new RunWorld([{ fail: failure('PermissionDenied') }])];
  const { task } = await suite.start(world);
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({
    to: { kind: 'human' },
    template: { kind: 'run_blocked', reason: 'PermissionDenied for the test' },
  });
  await task.executeUpdate(cancelUpdate, by);
  await task.result();
});

test('a lone task that the factory holds stays known to it, so that a thaw reaches it', async () => {
  const { id, task, world, landed } = await suite.start(new TaskWorld(), { alone: true, admits: false });
  const asks = async () => {
    const heard = await suite.client.workflow.getHandle(FACTORY_WORKFLOW_ID).query(heardQuery);
    return heard.asks.filter(({ workflowId }) => workflowId === taskWorkflowId(id));
  };
  await until(async () => (await asks()).length === 1);
  await task.signal(holdSignal, { by: 'factory', on: true });
  await until(async () => (await asks()).length === 2);
  expect((await asks()).at(-1)).toMatchObject({ wants: 0 });
  await task.signal(holdSignal, { by: 'factory', on: false });
  await until(async () => (await asks()).length === 3);
  expect((await asks()).at(-1)).toMatchObject({ wants: 1 });
  await task.signal(admittedSignal, { slots: 1 });
  await landed();
  await task.result();
  expect(world.row.state).toBe('COMPLETED');
});
