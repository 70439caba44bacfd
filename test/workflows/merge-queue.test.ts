import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { WithStartWorkflowOperation, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { type ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { QueueForgeEvent } from '../../workflows/contract/forge-event.js';
import { epicWorkflowId, queueWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import {
  type EnqueueInput,
  type EnqueueOutcome,
  type MergeQueueInput,
  type MergeQueueWorkflow,
  mergeQueueEnqueueUpdate,
  mergeQueueEntriesQuery,
  mergeQueueOpenLaneUpdate,
  mergeQueuePauseLaneUpdate,
  mergeQueueReprioritiseUpdate,
  mergeQueueTickSignal,
  mergeQueueWhyQuery,
  mergeQueueWithdrawUpdate,
} from '../../workflows/contract/merge-queue.js';
import { holdSignal } from '../../workflows/contract/messages.js';
import { mergeQueueStart } from '../../workflows/contract/starts.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { type OwnerHeard, ownerHeardQuery, saySignal } from './support/owner.workflow.js';
import { BROKEN, QueueWorld, RED, shaOf } from './support/queue-world.js';
import { Rig } from './support/rig.js';

let rig: Rig;
let world: QueueWorld;
let projectId: string;
let queue: WorkflowHandle<MergeQueueWorkflow>;
const owners: WorkflowHandle[] = [];

const describeWorkflow = async (workflowId: string) => {
  try {
    const { status } = await rig.env.client.workflow.getHandle(workflowId).describe();
    return { workflowId, state: status.name === 'RUNNING' ? ('open' as const) : ('closed' as const) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { workflowId, state: 'absent' as const };
    throw error;
  }
};
/** The world changes with each test, the workers do not. */
const activities = Object.fromEntries(
  Object.keys(new QueueWorld(describeWorkflow).activities).map((name) => [
    name,
    (input: never) => (world.activities as unknown as Record<string, (input: never) => unknown>)[name]?.(input),
  ]),
);

beforeAll(async () => {
  rig = await Rig.start('./queue.bundle.ts', activities, []);
}, 120_000);
afterAll(() => rig.stop());
beforeEach(() => {
  world = new QueueWorld(describeWorkflow);
  projectId = randomUUID();
  queue = rig.env.client.workflow.getHandle(queueWorkflowId(projectId, 'main'));
});
afterEach(async () => {
  world.release();
  await Promise.all([queue, ...owners.splice(0)].map((handle) => handle.terminate().catch(() => undefined)));
});

const QUICK = { tickMs: 60_000, infraBackoffMs: [50, 50, 50], controlEveryMs: 60_000, silentMs: 0 };

const startQueue = async (input: Partial<MergeQueueInput> = {}): Promise<void> => {
  const { workflowType, options } = mergeQueueStart(projectId, 'main', 'brisk');
  const args: [MergeQueueInput] = [{ projectId, branch: 'main', tuning: 'brisk', timing: QUICK, ...input }];
  await rig.env.client.workflow.start<MergeQueueWorkflow>(workflowType, { ...options, args });
};

const owner = async (
  n: number,
): Promise<{ id: string; heard: () => Promise<OwnerHeard>; say: (event: QueueForgeEvent) => Promise<void> }> => {
  const id = taskWorkflowId(`${projectId}-${n}`);
  const handle = await rig.env.client.workflow.start('owner', { workflowId: id, taskQueue: QUEUE.shared });
  owners.push(handle);
  return {
    id,
    heard: () => handle.query(ownerHeardQuery),
    say: (event) => handle.signal(saySignal, { to: queue.workflowId, event }),
  };
};

const entryOf = (n: number, more: Partial<EnqueueInput> = {}): EnqueueInput => ({
  entryId: `${projectId}:${n}`,
  prNumber: n,
  owner: taskWorkflowId(`${projectId}-${n}`),
  headRef: `millwright/t${n}`,
  headSha: world.prs.get(n)?.headSha ?? shaOf(`head ${n}`),
  title: `Change ${n}`,
  priority: 1,
  by: 'tester',
  ...more,
});
const enqueue = (n: number, more: Partial<EnqueueInput> = {}): Promise<EnqueueOutcome> =>
  queue.executeUpdate(mergeQueueEnqueueUpdate, { args: [entryOf(n, more)] });
const view = () => queue.query(mergeQueueEntriesQuery);
const why = (n: number) => queue.query(mergeQueueWhyQuery, `${projectId}:${n}`);
const stateOf = (n: number): string | undefined => world.entries.get(`${projectId}:${n}`)?.state;
const refusalOf = async (answer: Promise<unknown>): Promise<string | undefined | null> => {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof WorkflowUpdateFailedError ? (error.cause as ApplicationFailure).type : null;
};

test('three green pull requests land in order with one build each, and their owners hear of it', async () => {
  for (const n of [1, 2, 3]) world.pullRequest(n);
  const first = await owner(1);
  await startQueue();
  expect(await enqueue(1)).toEqual({ kind: 'accepted', entryId: `${projectId}:1`, seq: 1 });
  await enqueue(2);
  await enqueue(3);
  await until(() => world.marked.length === 3);
  expect(world.marked).toEqual([1, 2, 3]);
  expect(world.runs.map((run) => run.purpose)).toEqual(['first', 'first', 'first']);
  await until(async () => (await first.heard()).events.length === 1);
  expect((await first.heard()).events).toEqual([
    { kind: 'entryLanded', entryId: `${projectId}:1`, prNumber: 1, mergeSha: world.landed[0] },
  ]);
  await until(() => [1, 2, 3].every((n) => stateOf(n) === 'landed'));
  expect((await view()).entries).toEqual([]);
});

test('a red change is run again, judged by a control run, and leaves with its evidence; the next one lands', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  const bad = world.treeOf(world.tip, shaOf('head 1'));
  world.check = ({ tree }) => (tree === bad ? RED : { outcome: 'passed', failedTests: [], ms: 1 });
  const first = await owner(1);
  await startQueue();
  await enqueue(1);
  await enqueue(2);
  await until(() => world.marked.includes(2));
  expect(world.runs.slice(0, 3).map(({ purpose, only }) => [purpose, only])).toEqual([
    ['first', undefined],
    ['rerun', ['adds']],
    ['control', ['adds']],
  ]);
  await until(async () => (await first.heard()).events.length === 1);
  const [event] = (await first.heard()).events;
  expect(event).toMatchObject({
    kind: 'entryEjected',
    reason: 'CHECKS_FAILED',
    detail: { failedChecks: [{ name: 'test', failedTests: ['adds'], logRef: 'sha256:log' }], tree: bad },
  });
  expect(event).toHaveProperty('detail.evidence', [world.evidence.get(`key ${bad}`)?.id]);
  expect(stateOf(1)).toBe('ejected');
});

test('a red on the base itself makes the lane red, blames nobody, and lands a fix of the base', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  const fixed = (tree: string): boolean =>
    world.landed.length > 0 || tree === world.treeOf(shaOf('tip'), shaOf('head 2'));
  world.check = ({ tree }) => (fixed(tree) ? { outcome: 'passed', failedTests: [], ms: 1 } : RED);
  const first = await owner(1);
  await startQueue();
  await enqueue(1);
  await until(async () => (await view()).lane.mode === 'red');
  expect(await why(1)).toMatchObject({ entry: { why: { kind: 'LANE', mode: 'red' }, etaMs: null } });
  await enqueue(2, { fixesBase: true });
  await until(() => world.marked.length === 2);
  expect(world.marked).toEqual([2, 1]);
  expect((await view()).lane.mode).toBe('open');
  await until(async () => (await first.heard()).events.length === 3);
  expect((await first.heard()).events.map((event) => (event.kind === 'laneChanged' ? event.mode : event.kind))).toEqual(
    ['red', 'open', 'entryLanded'],
  );
});

test('a task that saw a red base waits for the lane without an entry of its own', async () => {
  const waiter = await owner(9);
  let isGreen = false;
  world.check = () => (isGreen ? { outcome: 'passed', failedTests: [], ms: 1 } : RED);
  await startQueue({ timing: { ...QUICK, controlEveryMs: 100 } });
  await until(async () => (await view()).tip === world.tip);
  await waiter.say({ kind: 'baseRed', tip: world.tip, checks: [{ name: 'test', failedTests: [] }], from: waiter.id });
  await until(async () => (await view()).lane.mode === 'red');
  await until(() => world.runs.length >= 3);
  isGreen = true;
  await until(
    async () => (await waiter.heard()).events.at(-1)?.kind === 'laneChanged' && (await view()).lane.mode === 'open',
  );
  await until(async () => (await waiter.heard()).events.length === 2);
  expect((await waiter.heard()).events).toMatchObject([{ mode: 'red' }, { mode: 'open' }]);
});

test('a flaky test passes on its second run and is noted in the evidence', async () => {
  world.pullRequest(1);
  world.check = ({ purpose }) => (purpose === 'first' ? RED : { outcome: 'passed', failedTests: [], ms: 1 });
  await startQueue();
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect([...world.evidence.values()]).toMatchObject([{ outcome: 'passed', flakyTests: ['adds'] }]);
});

test('broken machinery never ejects: the same candidate is tried again and lands', async () => {
  world.pullRequest(1);
  let broken = 4;
  world.check = () => (broken-- > 0 ? BROKEN : { outcome: 'passed', failedTests: [], ms: 1 });
  await startQueue();
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect([...world.builds.keys()].map((id) => id.split('/').at(-1))).toEqual(['1', '2', '3', '4', '5']);
});

test('a conflict with what has landed asks the author by one mail and a signal; the seat is kept', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  world.pullRequest(3);
  const second = await owner(2);
  world.beforePush = () => {
    const pr = world.prs.get(2);
    if (pr && world.landed.length === 0) pr.conflict = true;
  };
  world.holdChecks();
  await startQueue();
  for (const n of [1, 2, 3]) await enqueue(n);
  await world.running();
  world.release();
  await until(async () => (await second.heard()).rebases.length === 1);
  const [request] = (await second.heard()).rebases;
  expect(request).toMatchObject({
    requestId: `${projectId}:2/1`,
    round: 1,
    files: ['shared.txt'],
    prNumber: 2,
    tip: world.landed[0],
  });
  expect([...world.mails.keys()]).toEqual([`${projectId}:2/1`]);
  await until(() => world.marked.includes(3));
  world.prs.set(2, { headSha: shaOf('rebased 2'), patchId: 'rebased' });
  await second.say({ kind: 'headPushed', entryId: `${projectId}:2`, headSha: shaOf('rebased 2') });
  await until(() => world.marked.includes(2));
  expect(world.marked).toEqual([1, 3, 2]);
  expect(world.entries.get(`${projectId}:2`)).toMatchObject({ seq: 2, state: 'landed', headSha: shaOf('rebased 2') });
});

test('an author who does not answer is asked three times, then the entry leaves', async () => {
  world.pullRequest(1, { conflict: true });
  const first = await owner(1);
  await startQueue({ timing: { ...QUICK, rebaseRoundMs: 200 } });
  await enqueue(1);
  await until(() => stateOf(1) === 'ejected');
  expect([...world.mails.keys()]).toEqual([1, 2, 3].map((round) => `${projectId}:1/${round}`));
  await until(async () => (await first.heard()).events.length === 1);
  expect((await first.heard()).events).toMatchObject([
    { reason: 'REBASE_EXHAUSTED', detail: { files: ['shared.txt'] } },
  ]);
});

test('a push with the same change keeps the seat, another change unasked leaves', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  const [first, second] = [await owner(1), await owner(2)];
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await enqueue(2);
  await world.running();
  world.prs.set(1, { headSha: shaOf('pushed 1'), patchId: 'patch 1' });
  await first.say({ kind: 'headPushed', entryId: `${projectId}:1`, headSha: shaOf('pushed 1') });
  world.prs.set(2, { headSha: shaOf('pushed 2'), patchId: 'another' });
  await second.say({ kind: 'headPushed', entryId: `${projectId}:2`, headSha: shaOf('pushed 2') });
  await until(() => stateOf(2) === 'ejected');
  world.release();
  await until(() => world.marked.includes(1));
  expect(world.landed).toEqual([shaOf(`${shaOf('tip')} + ${shaOf('pushed 1')}`)]);
  expect(world.entries.get(`${projectId}:2`)?.reason).toBe('HEAD_CHANGED');
});

test('a push that lands between preparation and push is refused by the lease, and nothing old lands', async () => {
  world.pullRequest(1);
  await startQueue();
  world.beforePush = () => {
    if (world.pushes.length === 1) world.prs.set(1, { headSha: shaOf('late'), patchId: 'patch 1' });
  };
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect(world.landed).toEqual([shaOf(`${shaOf('tip')} + ${shaOf('late')}`)]);
});

test('an outsider who moves the base costs a build, and nobody a place', async () => {
  world.pullRequest(1);
  await startQueue();
  world.beforePush = () => {
    if (world.pushes.length === 1) world.outsiderPushes('outside');
  };
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect(world.landed).toEqual([shaOf(`${shaOf('outside')} + ${shaOf('head 1')}`)]);
  expect((await view()).lane.mode).toBe('open');
});

test('a rewritten base pauses the lane until a person opens it', async () => {
  world.pullRequest(1);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await world.running();
  world.outsiderPushes('rewritten');
  await queue.signal(mergeQueueTickSignal);
  await until(async () => (await view()).lane.mode === 'paused');
  expect((await view()).lane).toMatchObject({ pausedBy: ['incident'], by: 'system' });
  expect((await view()).lane.reason).toContain('BASE_REWRITTEN');
  world.release();
  await queue.executeUpdate(mergeQueueOpenLaneUpdate, { args: [{ by: 'ada' }] });
  await until(() => world.marked.length === 1);
});

test('a landing whose answer is lost is found on the remote and not repeated', async () => {
  world.pullRequest(1);
  world.failures.set('landHead', 1);
  await startQueue();
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect(world.landed).toHaveLength(1);
  expect(world.pushes).toHaveLength(2);
});

test('machinery that fails anywhere is asked again', async () => {
  world.pullRequest(1);
  for (const name of ['openQueue', 'inspectEntry', 'composeCandidate', 'prepareLanding', 'landHead', 'markLanded'])
    world.failures.set(name, 1);
  await startQueue();
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect(world.landed).toHaveLength(1);
  await until(() => stateOf(1) === 'landed');
});

test('a base that does not hold what was tested stops the lane', async () => {
  world.pullRequest(1);
  world.mismatch = 'tree differs';
  await startQueue();
  await enqueue(1);
  await until(async () => (await view()).lane.mode === 'red' || world.marked.length === 1);
  await until(() => world.log.some((line) => line.decision?.reasoning?.includes('LANDED_MISMATCH')));
  expect(stateOf(1)).toBe('landed');
});

test('refusals: draining, another head of a queued pull request, malformed, unknown entry, no reason', async () => {
  world.pullRequest(1);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  expect(await refusalOf(enqueue(1, { entryId: 'other', headSha: shaOf('x') }))).toBe('InvalidState');
  expect(await refusalOf(enqueue(2, { headSha: 'short' }))).toBe('InvalidState');
  expect(
    await refusalOf(queue.executeUpdate(mergeQueueWithdrawUpdate, { args: [{ entryId: 'none', by: 'ada' }] })),
  ).toBe('NotFound');
  expect(
    await refusalOf(
      queue.executeUpdate(mergeQueueReprioritiseUpdate, {
        args: [{ entryId: `${projectId}:1`, priority: 2, by: 'ada', reason: ' ' }],
      }),
    ),
  ).toBe('InvalidInput');
  expect(
    await refusalOf(
      queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: '' }] }),
    ),
  ).toBe('InvalidInput');
  await queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'drain', by: 'ada', reason: 'release' }] });
  expect(await refusalOf(enqueue(2))).toBe('InvalidState');
  expect((await view()).lane.mode).toBe('draining');
  expect((await view()).entries).toHaveLength(1);
});

test('the same admission twice is one entry, also after it has ended', async () => {
  world.pullRequest(1);
  await startQueue();
  await enqueue(1);
  expect(await enqueue(1, { entryId: 'again' })).toMatchObject({ kind: 'exists', entryId: `${projectId}:1` });
  await until(() => stateOf(1) === 'landed');
  expect(await enqueue(1)).toEqual({ kind: 'exists', entryId: `${projectId}:1`, state: 'landed' });
  expect(world.landed).toHaveLength(1);
});

test('a message before the first task starts the queue and is answered', async () => {
  world.pullRequest(1);
  const { workflowType, options } = mergeQueueStart(projectId, 'main', 'brisk');
  const answer = await rig.env.client.workflow.executeUpdateWithStart(mergeQueueEnqueueUpdate, {
    args: [entryOf(1)],
    updateId: `${projectId}:1`,
    startWorkflowOperation: new WithStartWorkflowOperation<MergeQueueWorkflow>(workflowType, options),
  });
  expect(answer).toEqual({ kind: 'accepted', entryId: `${projectId}:1`, seq: 1 });
  await until(() => world.marked.length === 1);
});

test('withdrawn while building: its build is cancelled, the slot freed, the next one lands', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  const first = await owner(1);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await enqueue(2);
  await world.running();
  await queue.executeUpdate(mergeQueueWithdrawUpdate, { args: [{ entryId: `${projectId}:1`, by: 'ada' }] });
  await until(() => [...world.builds.values()].some((build) => build.status === 'cancelled'));
  await world.running(2);
  world.release();
  await until(() => world.marked.includes(2));
  expect(world.marked).toEqual([2]);
  expect(stateOf(1)).toBe('withdrawn');
  expect((await first.heard()).events).toEqual([
    { kind: 'entryWithdrawn', entryId: `${projectId}:1`, prNumber: 1, by: 'ada' },
  ]);
});

test('withdrawn while rebasing, and by its owner; once the push is scheduled it is refused', async () => {
  world.pullRequest(1, { conflict: true });
  world.pullRequest(2);
  const first = await owner(1);
  await startQueue();
  await enqueue(1);
  await until(async () => (await first.heard()).rebases.length === 1);
  await first.say({ kind: 'withdraw', entryId: `${projectId}:1`, by: 'task', reason: 'cancelled' });
  await until(() => stateOf(1) === 'withdrawn');
  let refused: string | undefined | null;
  world.beforePush = async () => {
    refused = await refusalOf(
      queue.executeUpdate(mergeQueueWithdrawUpdate, { args: [{ entryId: `${projectId}:2`, by: 'ada' }] }),
    );
  };
  await enqueue(2);
  await until(() => world.marked.includes(2));
  expect(refused).toBe('InvalidState');
});

test('paused by a person and held by the factory: builds end, nothing lands until both let go', async () => {
  world.pullRequest(1);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await world.running();
  await queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: 'audit' }] });
  await queue.signal(holdSignal, { by: 'factory', on: true });
  world.release();
  await until(async () => (await why(1))?.builds[0]?.status === 'passed');
  const opened = await queue.executeUpdate(mergeQueueOpenLaneUpdate, { args: [{ by: 'ada' }] });
  expect(opened.lane).toMatchObject({ mode: 'paused', pausedBy: ['factory'] });
  expect(world.landed).toEqual([]);
  await queue.signal(holdSignal, { by: 'factory', on: false });
  await until(() => world.marked.length === 1);
});

test('a lane change is told to the epics of waiting entries', async () => {
  world.pullRequest(1);
  const epicId = `${projectId}-epic`;
  const epic = await rig.env.client.workflow.start('owner', {
    workflowId: epicWorkflowId(epicId),
    taskQueue: QUEUE.shared,
  });
  owners.push(epic);
  world.holdChecks();
  await startQueue();
  await enqueue(1, { epicId });
  await queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: 'audit' }] });
  await until(async () => (await epic.query(ownerHeardQuery)).lanes.length === 1);
  expect((await epic.query(ownerHeardQuery)).lanes).toEqual(['paused']);
});

test('guards read again before the landing: a pull request that closed meanwhile leaves alone', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await enqueue(2);
  await world.running();
  world.pullRequest(1, { refused: 'PR_CLOSED' });
  world.release();
  await until(() => world.marked.includes(2));
  expect(world.entries.get(`${projectId}:1`)).toMatchObject({ state: 'ejected', reason: 'PR_CLOSED' });
  expect(world.marked).toEqual([2]);
});

test('an urgent entry goes before those that wait', async () => {
  for (const n of [1, 2, 3]) world.pullRequest(n);
  world.holdChecks();
  await startQueue();
  for (const n of [1, 2, 3]) await enqueue(n);
  await until(async () => (await view()).entries.every((entry) => entry.state === 'active'));
  await world.running();
  await queue.executeUpdate(mergeQueueReprioritiseUpdate, {
    args: [{ entryId: `${projectId}:3`, priority: 2, by: 'ada', reason: 'hot fix' }],
  });
  world.release();
  await until(() => world.marked.length === 3);
  expect(world.marked).toEqual([3, 1, 2]);
});

test('workers that restart in the middle of a build change nothing but the time', async () => {
  world.pullRequest(1);
  world.pullRequest(2);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await enqueue(2);
  await world.running();
  const stopped = rig.stopWorkers();
  world.release();
  await stopped;
  await rig.startWorkers();
  await until(() => world.marked.length === 2);
  expect(world.marked).toEqual([1, 2]);
  expect(new Set(world.landed).size).toBe(2);
});

test('a build that is terminated without a word is seen at once and built again', async () => {
  world.pullRequest(1);
  world.holdChecks();
  await startQueue();
  await enqueue(1);
  await world.running();
  const [build] = [...world.builds.values()];
  await rig.env.client.workflow.getHandle(build?.workflowId ?? '').terminate('test');
  await world.running(2);
  world.release();
  await until(() => world.marked.length === 1);
  expect([...world.builds.values()].map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('continues as new under load: nothing is lost, doubled or forgotten', async () => {
  const all = Array.from({ length: 12 }, (_, i) => i + 1);
  for (const n of all) world.pullRequest(n);
  await startQueue({ maxEvents: 60 });
  await Promise.all(all.map((n) => enqueue(n)));
  await until(() => world.marked.length === all.length, { atMostMs: 55_000 });
  expect(world.marked.toSorted((a, b) => a - b)).toEqual(all);
  expect(new Set(world.landed).size).toBe(all.length);
  const { raw } = await queue.describe();
  expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
  await until(() => all.every((n) => stateOf(n) === 'landed'));
  // Each entry's story was stored once: admitted, formed, landed.
  const numbers = world.log.map((line) => line.number);
  expect(new Set(numbers).size).toBe(all.length * 3);
});

test('an idle queue ends, and the next entry starts it again', async () => {
  world.pullRequest(1);
  await startQueue({ timing: { ...QUICK, idleExitMs: 200 } });
  await enqueue(1);
  await until(() => world.marked.length === 1);
  expect(await queue.result()).toEqual({ kind: 'idle', landed: 1 });
  world.pullRequest(2);
  await startQueue({ timing: { ...QUICK, idleExitMs: 200 } });
  await enqueue(2);
  await until(() => world.marked.length === 2);
  expect(await rig.env.client.workflow.getHandle(queue.workflowId).result()).toEqual({ kind: 'idle', landed: 1 });
});

test('a branch that does not exist ejects whoever came, and the queue ends', async () => {
  world.isGone = true;
  const first = await owner(1);
  world.failures.set('openQueue', 1);
  await startQueue();
  await enqueue(1);
  expect(await queue.result()).toEqual({ kind: 'gone', reason: 'no such branch' });
  expect((await first.heard()).events).toMatchObject([{ kind: 'entryEjected', reason: 'BASE_GONE' }]);
});
