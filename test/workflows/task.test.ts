import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type WorkflowHandleWithStartDetails, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { runStopUpdate } from '../../workflows/contract/agent-run.js';
import {
  type OwnerForgeEvent,
  ownerForgeEventSignal,
  requestRebaseSignal,
} from '../../workflows/contract/forge-event.js';
import {
  epicWorkflowId,
  FACTORY_WORKFLOW_ID,
  queueWorkflowId,
  runWorkflowId,
  taskWorkflowId,
} from '../../workflows/contract/ids.js';
import {
  admittedSignal,
  type ControlCommand,
  cancelUpdate,
  holdSignal,
  mailSignal,
  pauseUpdate,
  resumeUpdate,
} from '../../workflows/contract/messages.js';
import { type TaskInput, type TaskWorkflow, taskStatusQuery } from '../../workflows/contract/task.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { type Heard, heardQuery } from './support/listener.workflow.js';
import { Rig } from './support/rig.js';
import { calls, complete, failure, RunWorld } from './support/run-world.js';
import { TaskWorld, TaskWorlds } from './support/task-world.js';

const worlds = new TaskWorlds();
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start('./task.bundle.ts', worlds.activities, ['host-a', 'host-b']);
  await listen(FACTORY_WORKFLOW_ID);
}, 120_000);
afterAll(() => rig.stop());

const listen = (workflowId: string, admits = true) =>
  rig.env.client.workflow.start('listener', { workflowId, taskQueue: QUEUE.shared, args: [{ admits }] });

interface Started {
  readonly id: string;
  readonly task: WorkflowHandleWithStartDetails<TaskWorkflow>;
  readonly world: TaskWorld;
  readonly owner: () => Promise<Heard>;
  readonly queue: () => Promise<Heard>;
  readonly landed: () => Promise<void>;
}

interface Setting {
  readonly input?: Partial<TaskInput>;
  readonly admits?: boolean;
  readonly alone?: boolean;
}

async function start(world: TaskWorld, { input = {}, admits = true, alone = false }: Setting = {}): Promise<Started> {
  const id = randomUUID();
  if (!alone) world.facts = { ...world.facts, epicId: id };
  worlds.add(id, world);
  const owner = await listen(epicWorkflowId(id), admits);
  const queue = await listen(queueWorkflowId(id, 'main'));
  const task = await rig.env.client.workflow.start<TaskWorkflow>('task', {
    workflowId: taskWorkflowId(id),
    taskQueue: QUEUE.shared,
    args: [{ taskId: id, attempt: 1, tuning: 'brisk', ...input }],
  });
  const landed = async () => {
    await until(async () => world.enqueued.length > 0 && world.row.state === 'REVIEW');
    await task.signal(ownerForgeEventSignal, landing(world));
  };
  return { id, task, world, owner: () => owner.query(heardQuery), queue: () => queue.query(heardQuery), landed };
}

const landing = (world: TaskWorld): OwnerForgeEvent => ({
  kind: 'entryLanded',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  mergeSha: 'merge-1',
});

const stateOf = (world: TaskWorld) => () => world.row.state;
const reaches = (world: TaskWorld, state: string): Promise<void> => until(() => stateOf(world)() === state);

let open: () => void = () => undefined;
/** What a tool waits for until the test calls `open`. */
const gate = (): Promise<void> =>
  new Promise((resolve) => {
    open = resolve;
  });

const slowRun = (): RunWorld => new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }, complete]);
const failingRun = (reason = 'PermissionDenied'): RunWorld => new RunWorld([{ fail: failure(reason) }]);
const silentRun = (): RunWorld => new RunWorld([]);

const refusal = async (update: Promise<unknown>): Promise<string | undefined> => {
  const error = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
    ? (error.cause.type ?? undefined)
    : undefined;
};
const by: { args: [ControlCommand] } = { args: [{ by: 'ada' }] };

test('a task is run, committed, verified, published, queued and landed', async () => {
  const { id, task, world, owner, landed } = await start(new TaskWorld());
  await landed();
  expect(await task.result()).toEqual({ kind: 'completed', mergeSha: 'merge-1' });
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
  expect(world.commits.map(({ parents, summary }) => ({ parents, summary }))).toEqual([
    { parents: ['tip-1'], summary: 'all done' },
  ]);
  expect(world.enqueued).toMatchObject([{ prNumber: 7, headSha: 'head-1', owner: taskWorkflowId(id) }]);
  expect(world.dropped).toEqual([`merged ${id}`, 'checkpoints']);
  expect(world.released).toEqual(['tree-1']);
  expect(world.row).toMatchObject({ state: 'COMPLETED', headSha: 'head-1', baseSha: 'tip-1', prNumber: 7 });
  const slots = (await owner()).tasks.map(({ wantsSlot }) => wantsSlot);
  expect([slots.indexOf(false) > 0, slots.lastIndexOf(true) < slots.indexOf(false)]).toEqual([true, true]);
  expect((await owner()).tasks.at(-1)).toMatchObject({ landedSha: 'merge-1', hasBranch: true });
});

test('a task whose row has ended does nothing', async () => {
  const world = new TaskWorld();
  world.ended = 'COMPLETED';
  const { task } = await start(world);
  expect(await task.result()).toEqual({ kind: 'ended', state: 'COMPLETED' });
  expect(world.trees).toEqual([]);
});

test('a lone task asks the factory for its slot and gives it back', async () => {
  const { id, task, landed, world } = await start(new TaskWorld(), { alone: true });
  await landed();
  await task.result();
  const { asks } = await rig.env.client.workflow.getHandle(FACTORY_WORKFLOW_ID).query(heardQuery);
  const workflowId = taskWorkflowId(id);
  expect(asks.filter((ask) => ask.workflowId === workflowId)).toEqual([
    { workflowId, priority: 3, wants: 1 },
    { workflowId, ended: true },
  ]);
  expect(world.row.state).toBe('COMPLETED');
});

test('without a slot nothing begins, and an admission before the first task counts', async () => {
  const world = new TaskWorld();
  const { task, owner } = await start(world, { admits: false });
  await until(async () => (await owner()).tasks.length === 1);
  expect(world.trees).toEqual([]);
  expect(await task.query(taskStatusQuery)).toMatchObject({ state: 'PENDING', waitingFor: 'a free worker' });
  await task.signal(admittedSignal, { slots: 1 });
  await reaches(world, 'REVIEW');
});

test('a red round goes back to the agent with the failing check, until it is green', async () => {
  const world = new TaskWorld();
  world.onCheck = (commit) => (/head-[12]$/.test(commit) ? 'failed' : 'passed');
  const { task, landed } = await start(world);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs.map(({ opened }) => [opened?.kind, opened?.round])).toEqual([
    ['execution', 1],
    ['debug', 2],
    ['debug', 3],
  ]);
  expect(world.runs[1]?.opened?.context).toEqual({
    previousSummary: 'all done',
    failedChecks: [{ name: 'unit', failedTests: ['adds'], logRef: 'log-of-tip-1+head-1' }],
  });
  expect(world.runs[1]?.opened?.parentRunId).toBe(world.runs[0]?.opened?.runId);
  expect(world.commits.map(({ parents }) => parents)).toEqual([['tip-1'], ['head-1'], ['head-2']]);
});

test('three red rounds block the task and ask its supervisor; the answer goes on with it', async () => {
  const world = new TaskWorld();
  world.onCheck = (commit) => (/head-[123]$/.test(commit) ? 'failed' : 'passed');
  const { id, task, landed } = await start(world);
  await until(() => world.mails.length === 1);
  await reaches(world, 'BLOCKED');
  expect(world.mails[0]).toMatchObject({
    to: { kind: 'epic', id },
    waiterWorkflowId: taskWorkflowId(id),
    template: { kind: 'checks_exhausted', checks: ['unit'], rounds: 3 },
  });
  expect(world.row).toMatchObject({
    blockedReason: 'checks still fail after 3 rounds: unit',
    waitingFor: 'an answer from its supervisor, or a person to resume it',
  });
  await task.signal(mailSignal, { mailId: 'note' });
  await task.signal(mailSignal, { mailId: 'a1', answers: world.mails[0]?.mailId });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs.at(-1)?.opened?.context).toMatchObject({ mailIds: ['note', 'a1'] });
  expect(world.row.blockedReason).toBeNull();
});

test('a red base costs no round: the task waits for the lane', async () => {
  const world = new TaskWorld();
  let isBaseRed = true;
  world.onCheck = (_commit, purpose) => (isBaseRed && purpose !== 'none' ? 'failed' : 'passed');
  const { task, queue, landed } = await start(world, { input: { timing: { laneRetryMs: 3_600_000 } } });
  await until(async () => (await queue()).queue.length === 1);
  expect((await queue()).queue[0]).toMatchObject({ kind: 'baseRed', tip: 'tip-1', from: task.workflowId });
  expect(await task.query(taskStatusQuery)).toMatchObject({ waitingFor: 'the target branch to be green again' });
  isBaseRed = false;
  await task.signal(ownerForgeEventSignal, { kind: 'laneChanged', queueId: 'q', mode: 'open', reason: 'green' });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs).toHaveLength(1);
});

test('a head that conflicts with the tip is verified on its own tree and published', async () => {
  const world = new TaskWorld();
  world.onCompose = ({ tip }) => {
    if (tip === 'tip-2') return { kind: 'conflict', entryId: 'e', with: 'tip', files: ['a.txt'] };
    world.tip = 'tip-2';
    return undefined;
  };
  world.onCommit = () => {
    world.tip = 'tip-2';
    return undefined;
  };
  const { landed, task } = await start(world);
  await landed();
  await task.result();
  expect(world.verified.map(({ tip, expectTip }) => [tip, expectTip])).toEqual([
    ['tip-2', true],
    ['tip-1', false],
  ]);
});

test('a question frees the slot, and the answer reaches the run when there is one again', async () => {
  const world = new TaskWorld();
  world.scripts = [
    () =>
      new RunWorld([
        { reply: calls('store-ask'), tools: { 'store-ask': { kind: 'asked', mailId: 'q1', of: 'its supervisor' } } },
        complete,
      ]),
  ];
  const { task, owner, landed } = await start(world, { admits: false });
  await task.signal(admittedSignal, { slots: 1 });
  await until(() => world.runs[0]?.row.state === 'waiting');
  await until(async () => (await owner()).tasks.at(-1)?.wantsSlot === false);
  expect(await task.query(taskStatusQuery)).toMatchObject({ waitingFor: 'an answer to its agent' });
  await task.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  await until(async () => (await owner()).tasks.at(-1)?.wantsSlot === true);
  expect(world.runs[0]?.row.state).toBe('waiting');
  expect(await task.query(taskStatusQuery)).toMatchObject({ waitingFor: 'a free worker' });
  await task.signal(admittedSignal, { slots: 1 });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs[0]?.modelCalls.at(-1)?.mailIds).toEqual(['a1']);
});

const rebaseOf = (world: TaskWorld, change: object = {}) => ({
  requestId: `${world.enqueued.at(-1)?.entryId}/1`,
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  tip: 'tip-2',
  headSha: world.row.headSha ?? '',
  files: ['a.txt'],
  landed: [],
  round: 1,
  maxRounds: 3,
  dueAt: '2030-01-01T00:00:00.000Z',
  ...change,
});

test('a rebase with a conflict is resolved by an integration run and told to the queue', async () => {
  const world = new TaskWorld();
  world.onMerge = () => ({ kind: 'conflict', files: [{ path: 'a.txt', what: 'both sides changed it' }] });
  const { task, queue, landed } = await start(world);
  await reaches(world, 'REVIEW');
  await until(() => world.enqueued.length === 1);
  world.tip = 'tip-2';
  await task.signal(mailSignal, { mailId: 'rebase-mail' });
  await task.signal(requestRebaseSignal, rebaseOf(world));
  await task.signal(requestRebaseSignal, rebaseOf(world));
  await until(async () => (await queue()).queue.length === 1);
  expect((await queue()).queue).toEqual([
    { kind: 'headPushed', entryId: world.enqueued[0]?.entryId, headSha: 'head-2' },
  ]);
  expect(world.runs[1]?.opened).toMatchObject({
    kind: 'integration',
    context: {
      conflict: { tip: 'tip-2', files: [{ path: 'a.txt', what: 'both sides changed it' }] },
      mailIds: ['rebase-mail'],
    },
  });
  expect(world.merges).toEqual([{ tip: 'tip-2', headSha: 'head-1' }]);
  expect(world.commits[1]).toMatchObject({ parents: ['head-1', 'tip-2'], conflictFiles: ['a.txt'] });
  expect(world.opened.map(({ headSha }) => headSha)).toEqual(['head-1', 'head-2']);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
  expect(world.enqueued).toHaveLength(1);
});

test('a rebase without a conflict is committed without an agent', async () => {
  const world = new TaskWorld();
  const { task, queue, landed } = await start(world);
  await until(() => world.enqueued.length === 1 && world.row.state === 'REVIEW');
  await task.signal(requestRebaseSignal, rebaseOf(world));
  await until(async () => (await queue()).queue.length === 1);
  await landed();
  await task.result();
  expect(world.runs).toHaveLength(1);
  expect(world.commits[1]).toMatchObject({ parents: ['head-1', 'tip-2'] });
});

test('conflict markers left behind go back to the agent, and block the task in the end', async () => {
  const world = new TaskWorld();
  world.onMerge = () => ({ kind: 'conflict', files: [{ path: 'a.txt', what: 'both sides changed it' }] });
  world.onCommit = (_input, count) => (count > 1 ? { kind: 'markers', files: ['a.txt'] } : undefined);
  const { task } = await start(world);
  await until(() => world.enqueued.length === 1 && world.row.state === 'REVIEW');
  await task.signal(requestRebaseSignal, rebaseOf(world));
  await reaches(world, 'BLOCKED');
  await until(() => world.mails.length === 1);
  expect(world.runs.map(({ opened }) => opened?.kind)).toEqual([
    'execution',
    'integration',
    'integration',
    'integration',
  ]);
  expect(world.mails[0]).toMatchObject({ template: { kind: 'rebase_exhausted', files: ['a.txt'] } });
});

const ejection = (world: TaskWorld, reason: 'CHECKS_FAILED' | 'PR_CLOSED'): OwnerForgeEvent => ({
  kind: 'entryEjected',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  reason,
  detail: { evidence: [], failedChecks: reason === 'CHECKS_FAILED' ? [{ name: 'unit', failedTests: ['adds'] }] : [] },
  next: 'Open it again.',
});

test('an entry ejected for its checks is repaired and enqueued anew', async () => {
  const world = new TaskWorld();
  const { task, landed } = await start(world);
  await until(() => world.enqueued.length === 1 && world.row.state === 'REVIEW');
  await task.signal(ownerForgeEventSignal, ejection(world, 'CHECKS_FAILED'));
  await until(() => world.enqueued.length === 2);
  await landed();
  await task.result();
  expect(world.runs[1]?.opened).toMatchObject({
    kind: 'debug',
    context: { failedChecks: [{ name: 'unit', failedTests: ['adds'] }] },
  });
  expect(new Set(world.enqueued.map(({ entryId }) => entryId)).size).toBe(2);
});

test('an entry ejected for another reason blocks the task until a person resumes it', async () => {
  const world = new TaskWorld();
  const { task, landed } = await start(world, { alone: true });
  await until(() => world.enqueued.length === 1 && world.row.state === 'REVIEW');
  await task.signal(ownerForgeEventSignal, ejection(world, 'PR_CLOSED'));
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({ to: { kind: 'human', id: 'ada' }, template: { kind: 'entry_ejected' } });
  await task.executeUpdate(resumeUpdate, by);
  await until(() => world.enqueued.length === 2);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('an agent that ends badly gets five attempts, then the task fails', async () => {
  const world = new TaskWorld();
  world.scripts = [silentRun];
  const { task, owner } = await start(world);
  expect(await task.result()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('attempt 5 of 5') });
  expect(world.runs.map(({ opened }) => opened?.attempt)).toEqual([1, 2, 3, 4, 5]);
  expect(world.row).toMatchObject({ state: 'FAILED', attempts: 5 });
  expect(world.mails.map(({ template }) => template.kind)).toEqual(['attempts_exhausted']);
  expect(world.released).toEqual(['tree-1']);
  expect((await owner()).tasks.at(-1)).toMatchObject({ state: 'FAILED', wantsSlot: false });
  const { crashed } = await rig.env.client.workflow.getHandle(FACTORY_WORKFLOW_ID).query(heardQuery);
  expect(crashed.filter((runId) => world.runs.some(({ opened }) => opened?.runId === runId))).toHaveLength(5);
});

test('a run that changed nothing is a failed attempt, and the next one goes on', async () => {
  const world = new TaskWorld();
  world.onCommit = (_input, count) => (count === 1 ? { kind: 'no_change' } : undefined);
  const { task, landed } = await start(world);
  await landed();
  await task.result();
  expect(world.runs.map(({ opened }) => opened?.attempt)).toEqual([1, 2]);
  expect(world.states()).toEqual([
    'ASSIGNED',
    'IN_PROGRESS',
    'PENDING',
    'ASSIGNED',
    'IN_PROGRESS',
    'REVIEW',
    'COMPLETED',
  ]);
});

test('files that git cannot keep go back to the agent', async () => {
  const world = new TaskWorld();
  world.onCommit = (_input, count) =>
    count === 1 ? { kind: 'refused', paths: ['a '], why: 'a name git cannot keep' } : undefined;
  const { task, landed } = await start(world);
  await landed();
  await task.result();
  expect(world.runs[1]?.opened).toMatchObject({
    kind: 'debug',
    context: { failedChecks: [{ failedTests: ['a : a name git cannot keep'] }] },
  });
});

test('an outage of the model blocks the task, and a resume goes on with a new run', async () => {
  const world = new TaskWorld();
  world.scripts = [() => failingRun(), () => new RunWorld([complete])];
  const { task, landed } = await start(world);
  await reaches(world, 'BLOCKED');
  expect(world.row).toMatchObject({ attempts: 1, blockedReason: 'PermissionDenied for the test' });
  await until(() => world.mails.length === 1);
  expect(await task.executeUpdate(resumeUpdate, by)).toMatchObject({ state: 'IN_PROGRESS' });
  await landed();
  await task.result();
  expect(world.runs[1]?.opened?.parentRunId).toBe(world.runs[0]?.opened?.runId);
});

test('any mail may hold the help that a blocked agent asked for', async () => {
  const world = new TaskWorld();
  const block = {
    reply: calls('store-block'),
    tools: { 'store-block': { kind: 'blocked', reason: 'no key' } },
  } as const;
  world.scripts = [() => new RunWorld([block]), () => new RunWorld([complete])];
  const { task, landed } = await start(world);
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({ template: { kind: 'run_blocked', reason: 'no key' } });
  await task.signal(mailSignal, { mailId: 'help' });
  await landed();
  await task.result();
  expect(world.runs[1]?.opened?.context.mailIds).toEqual(['help']);
});

test('a run stopped by a person blocks its task', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun, () => new RunWorld([complete])];
  const { task, landed } = await start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  const run = rig.env.client.workflow.getHandle(runWorkflowId(world.runs[0]?.opened?.runId ?? ''));
  await run.executeUpdate(runStopUpdate, by);
  await until(() => world.mails.length === 1);
  expect(world.row).toMatchObject({ state: 'BLOCKED', blockedReason: 'the run was stopped by ada' });
  await task.executeUpdate(resumeUpdate, by);
  await landed();
  await task.result();
});

test('a pause holds the run, and a resume lets it go on with a slot', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, owner, landed } = await start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  expect(await task.executeUpdate(pauseUpdate, by)).toMatchObject({ state: 'IN_PROGRESS', pausedBy: ['person'] });
  await until(() => world.runs[0]?.row.state === 'paused');
  open();
  await until(async () => (await owner()).tasks.at(-1)?.wantsSlot === false);
  expect(world.runs[0]?.row.pausedBy).toEqual(['parent']);
  await task.executeUpdate(resumeUpdate, by);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('a hold of the factory is not lifted by a person', async () => {
  const world = new TaskWorld();
  const { task, landed } = await start(world, { admits: false });
  await task.signal(holdSignal, { by: 'factory', on: true });
  await task.signal(admittedSignal, { slots: 1 });
  await until(() => world.row.pausedBy?.[0] === 'factory');
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
  const { id, task } = await start(world, { admits: false });
  await until(() => world.row.revision > 0);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.row.state).toBe('CANCELLED');
  expect(world.dropped).toEqual([id]);
});

test('a cancelled task ends its run as cancelled and drops what it made', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { id, task } = await start(world);
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
  const { task } = await start(world);
  await until(() => isChecking);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
});

test('a cancelled task in the queue withdraws and closes its pull request', async () => {
  const world = new TaskWorld();
  const { task, queue } = await start(world);
  await until(() => world.enqueued.length === 1 && world.row.state === 'REVIEW');
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
  const { task, queue } = await start(world);
  await until(() => world.enqueued.length === 1 && world.row.state === 'REVIEW');
  await task.executeUpdate(cancelUpdate, by);
  await until(async () => (await queue()).queue.length > 0);
  await task.signal(ownerForgeEventSignal, landing(world));
  expect(await task.result()).toEqual({ kind: 'completed', mergeSha: 'merge-1' });
  expect(world.closed).toEqual([]);
});

test('a blocked task can be cancelled, and a second control is refused', async () => {
  const world = new TaskWorld();
  world.scripts = [() => failingRun()];
  world.onAcquire = async () => undefined;
  const { task } = await start(world);
  await until(() => world.mails.length === 1);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
});

test('a cancellation in the Temporal UI is one like any other', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task } = await start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  await task.cancel();
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.runs[0]?.row.state).toBe('cancelled');
});

test('a run that was killed is started again from the last checkpoint and counts as no attempt', async () => {
  const world = new TaskWorld();
  world.scripts = [
    () => new RunWorld([{ reply: calls('host-1') }, { reply: calls('host-slow'), tools: { 'host-slow': gate() } }]),
    () => new RunWorld([complete]),
  ];
  const { task, landed } = await start(world);
  await until(() => world.runs[0]?.toolCalls.length === 2);
  await rig.env.client.workflow.getHandle(runWorkflowId(world.runs[0]?.opened?.runId ?? '')).terminate('killed');
  open();
  await landed();
  await task.result();
  expect(world.runs.map(({ opened }) => opened?.attempt)).toEqual([1, 1]);
  expect(world.trees.map(({ at }) => at)).toEqual([undefined, 'tip-1']);
});

test('a run whose end nobody told is asked after', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun, () => new RunWorld([complete])];
  const { task, landed } = await start(world, { input: { timing: { silentRunMs: 1000 }, maxEvents: 60 } });
  await until(() => world.runs[0]?.toolCalls.length === 1);
  const runId = world.runs[0]?.opened?.runId ?? '';
  worlds.statusOf = (workflowId) => (workflowId === runWorkflowId(runId) ? 'absent' : 'open');
  await until(() => world.runs.length === 2);
  worlds.statusOf = () => 'open';
  open();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('a host that dies while it commits costs nothing but another tree', async () => {
  const world = new TaskWorld();
  world.onCommit = (_input, count) => (count === 1 ? failure('WorktreeLost') : undefined);
  const { task, landed } = await start(world);
  await landed();
  await task.result();
  expect(world.trees.map(({ at }) => at)).toEqual([undefined, 'checkpoint-0']);
  expect(world.runs).toHaveLength(1);
  expect(world.row.attempts).toBe(1);
});

test('a branch that somebody else moved needs a person', async () => {
  const world = new TaskWorld();
  world.onCommit = () => failure('Conflict');
  const { task } = await start(world);
  await reaches(world, 'BLOCKED');
  expect(world.row.blockedReason).toBe('Conflict for the test');
  await task.executeUpdate(cancelUpdate, by);
  await task.result();
});

test('a full queue is asked again, a refusal needs a person', async () => {
  const world = new TaskWorld();
  world.onEnqueue = () => {
    if (world.enqueued.length === 1) return { kind: 'refused', code: 'QUEUE_FULL', message: 'full' };
    return world.enqueued.length === 2
      ? { kind: 'refused', code: 'PR_ALREADY_QUEUED', message: 'queued by another' }
      : undefined;
  };
  const { task, landed } = await start(world, { input: { timing: { laneRetryMs: 50 } } });
  await reaches(world, 'BLOCKED');
  expect(world.row.blockedReason).toBe('the merge queue refused it: queued by another');
  await until(() => world.mails.length === 1);
  await task.executeUpdate(resumeUpdate, by);
  await landed();
  await task.result();
  expect(world.enqueued).toHaveLength(3);
});

test('a worker that restarts in the middle changes nothing', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, landed } = await start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  await rig.stopWorkers();
  open();
  await rig.startWorkers();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs).toHaveLength(1);
});

test('a task continues as new with its mail, its run and its log', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, landed } = await start(world, { input: { maxEvents: 20 } });
  await until(() => world.runs[0]?.toolCalls.length === 1);
  for (let index = 0; index < 12; index += 1) await task.signal(mailSignal, { mailId: `mail-${index % 3}` });
  const first = rig.env.client.workflow.getHandle(task.workflowId, task.firstExecutionRunId, { followRuns: false });
  await until(async () => (await first.describe()).status.name === 'CONTINUED_AS_NEW');
  const run = rig.env.client.workflow.getHandle(runWorkflowId(world.runs[0]?.opened?.runId ?? ''));
  const delivered = async () =>
    (await run.fetchHistory()).events?.filter(
      ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'mail',
    ).length;
  await until(async () => (await delivered()) === 3);
  open();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs[0]?.modelCalls.at(-1)?.mailIds).toEqual(['mail-0', 'mail-1', 'mail-2']);
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
  expect(world.entries.map(({ number }) => number)).toEqual(world.entries.map((_, index) => index + 1));
});

test('a restored task goes on from what was pushed', async () => {
  const world = new TaskWorld();
  world.facts = { state: 'REVIEW', headSha: 'head-9', baseSha: 'tip-0', prNumber: 7, attempts: 2 };
  const { task, landed } = await start(world);
  await landed();
  await task.result();
  expect(world.runs).toEqual([]);
  expect(world.enqueued).toMatchObject([{ headSha: 'head-9' }]);
});

test('a restored task whose entry is live waits for it, and one that landed completes', async () => {
  const queued = new TaskWorld();
  const pushed = { state: 'REVIEW', headSha: 'head-9', baseSha: 'tip-0', prNumber: 7 } as const;
  queued.facts = { ...pushed, entry: { entryId: 'entry-1', state: 'queued' } };
  const waiting = await start(queued);
  await until(async () => (await waiting.owner()).tasks.length > 0);
  await waiting.task.signal(ownerForgeEventSignal, {
    kind: 'entryLanded',
    entryId: 'entry-1',
    prNumber: 7,
    mergeSha: 'm',
  });
  expect(await waiting.task.result()).toEqual({ kind: 'completed', mergeSha: 'm' });
  const landedWorld = new TaskWorld();
  landedWorld.facts = { ...pushed, entry: { entryId: 'entry-1', state: 'landed', landedSha: 'm' } };
  const { task } = await start(landedWorld);
  expect(await task.result()).toEqual({ kind: 'completed', mergeSha: 'm' });
  expect([queued.verified, landedWorld.verified]).toEqual([[], []]);
});

test('a restored task without a head goes on from its last checkpoint', async () => {
  const world = new TaskWorld();
  world.facts = { state: 'IN_PROGRESS', baseSha: 'tip-0', checkpointSha: 'checkpoint-5' };
  const { task, landed } = await start(world);
  await landed();
  await task.result();
  expect(world.trees.map(({ at }) => at)).toEqual(['checkpoint-5']);
  expect(world.commits[0]?.parents).toEqual(['tip-0']);
});

test('a task that merges the moved base begins with the merge', async () => {
  const world = new TaskWorld();
  world.facts = { kind: 'integration', mergeBranch: 'main', targetBranch: 'main' };
  world.onMerge = () => ({ kind: 'conflict', files: [{ path: 'a.txt', what: 'both sides changed it' }] });
  const { task, landed } = await start(world);
  await landed();
  await task.result();
  expect(world.runs.map(({ opened }) => opened?.kind)).toEqual(['integration']);
  expect(world.commits[0]).toMatchObject({ parents: ['tip-1', 'tip-1'], conflictFiles: ['a.txt'] });
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
});
