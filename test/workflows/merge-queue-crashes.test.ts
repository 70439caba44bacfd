import { expect, test } from '@jest/globals';
import { WithStartWorkflowOperation } from '@temporalio/client';
import {
  type MergeQueueWorkflow,
  mergeQueueEnqueueUpdate,
  mergeQueuePauseLaneUpdate,
  mergeQueueTickSignal,
} from '../../workflows/contract/merge-queue.js';
import { mergeQueueStart } from '../../workflows/contract/starts.js';
import { until } from '../support/until.js';
import { baseGone } from './support/forge-limit.js';
import { QUICK, QueueRig } from './support/queue-rig.js';

const q = QueueRig.forSuite();

test('a landing whose answer is lost is found on the remote and not repeated', async () => {
  q.world.pullRequest(1);
  q.world.failures.set('landHead', 1);
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect(q.world.landed).toHaveLength(1);
  expect(q.world.pushes).toHaveLength(2);
});

test('machinery that fails anywhere is asked again', async () => {
  q.world.pullRequest(1);
  for (const name of ['openQueue', 'inspectEntry', 'composeCandidate', 'prepareLanding', 'landHead', 'markLanded'])
    q.world.failures.set(name, 1);
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect(q.world.landed).toHaveLength(1);
  await until(() => q.stateOf(1) === 'landed');
});

test('a base that does not hold what was tested stops the lane', async () => {
  q.world.pullRequest(1);
  q.world.mismatch = 'tree differs';
  await q.start();
  await q.enqueue(1);
  await until(async () => (await q.view()).lane.mode === 'red' || q.world.marked.length === 1);
  await until(() => q.world.log.some((line) => line.decision?.reasoning?.includes('LANDED_MISMATCH')));
  await until(() => q.stateOf(1) === 'landed');
});

test('the same admission twice is one entry, also after it has ended', async () => {
  q.world.pullRequest(1);
  await q.start();
  await q.enqueue(1);
  expect(await q.enqueue(1, { entryId: 'again' })).toMatchObject({ kind: 'exists', entryId: q.idOf(1) });
  await until(() => q.stateOf(1) === 'landed');
  expect(await q.enqueue(1)).toEqual({ kind: 'exists', entryId: q.idOf(1), state: 'landed' });
  expect(q.world.landed).toHaveLength(1);
});

test('a message before the first task starts the queue and is answered', async () => {
  q.world.pullRequest(1);
  const { workflowType, options } = mergeQueueStart(q.projectId, 'main', 'brisk');
  const answer = await q.rig.env.client.workflow.executeUpdateWithStart(mergeQueueEnqueueUpdate, {
    args: [q.entryOf(1)],
    updateId: q.idOf(1),
    startWorkflowOperation: new WithStartWorkflowOperation<MergeQueueWorkflow>(workflowType, options),
  });
  expect(answer).toEqual({ kind: 'accepted', entryId: q.idOf(1), seq: 1 });
  await until(() => q.world.marked.length === 1);
});

test('workers that restart in the middle of a build change nothing but the time', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  q.world.holdChecks();
  await q.start();
  await q.enqueueInTurn(1, 2);
  await q.world.running();
  const stopped = q.rig.stopWorkers();
  q.world.release();
  await stopped;
  await q.rig.startWorkers();
  await until(() => q.world.marked.length === 2);
  expect(q.world.marked).toEqual([1, 2]);
  expect(new Set(q.world.landed).size).toBe(2);
});

test('a build that is terminated without a word is seen at once and built again', async () => {
  q.world.pullRequest(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1);
  await q.world.running();
  const [build] = [...q.world.builds.values()];
  await q.rig.env.client.workflow.getHandle(build?.workflowId ?? '').terminate('test');
  await q.world.running(2);
  q.world.release();
  await until(() => q.world.marked.length === 1);
  expect([...q.world.builds.values()].map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('continues as new under load: nothing is lost, doubled or forgotten', async () => {
  const all = Array.from({ length: 12 }, (_, i) => i + 1);
  for (const n of all) q.world.pullRequest(n);
  await q.start({ maxEvents: 60 });
  await Promise.all(all.map((n) => q.enqueue(n)));
  await until(() => q.world.marked.length === all.length);
  expect(q.world.marked.toSorted((a, b) => a - b)).toEqual(all);
  expect(new Set(q.world.landed).size).toBe(all.length);
  const { raw } = await q.queue.describe();
  expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
  await until(() => all.every((n) => q.stateOf(n) === 'landed'));
  // Each entry's story was stored once: admitted, formed, landed.
  const numbers = q.world.log.map((line) => line.number);
  expect(new Set(numbers).size).toBe(all.length * 3);
});

test('an idle queue ends, and the next entry starts it again', async () => {
  q.world.pullRequest(1);
  await q.start({ timing: { ...QUICK, idleExitMs: 200 } });
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect(await q.queue.result()).toEqual({ kind: 'idle', landed: 1 });
  q.world.pullRequest(2);
  await q.start({ timing: { ...QUICK, idleExitMs: 200 } });
  await q.enqueue(2);
  await until(() => q.world.marked.length === 2);
  expect(await q.rig.env.client.workflow.getHandle(q.queue.workflowId).result()).toEqual({ kind: 'idle', landed: 1 });
});

test('a branch that does not exist ejects whoever came, and the queue ends', async () => {
  q.world.isGone = true;
  const first = await q.owner(1);
  q.world.failures.set('openQueue', 1);
  await q.start();
  await q.enqueue(1);
  expect(await q.queue.result()).toEqual({ kind: 'gone', reason: 'no such branch' });
  expect((await first.heard()).events).toMatchObject([{ kind: 'entryEjected', reason: 'BASE_GONE' }]);
});

test('a base that is gone at the forge for a while ejects nobody', async () => {
  q.world.pullRequest(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1);
  await q.world.running();
  const heldUp = { error: baseGone(), times: 0 };
  q.world.heldUp = heldUp;
  await q.queue.signal(mergeQueueTickSignal);
  await until(() => heldUp.times > 0);
  expect((await q.view()).entries).toMatchObject([{ state: 'active' }]);
  expect(q.world.entries.get(q.idOf(1))).toMatchObject({ state: 'active' });
  q.world.release();
});

test('a held queue whose branch is deleted ejects whoever waits, and ends', async () => {
  q.world.pullRequest(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1);
  await q.world.running();
  await q.queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: 'audit' }] });
  q.world.isGone = true;
  await q.queue.signal(mergeQueueTickSignal);
  expect(await q.queue.result()).toEqual({ kind: 'gone', reason: 'no such branch' });
  expect(q.world.entries.get(q.idOf(1))).toMatchObject({ state: 'ejected', reason: 'BASE_GONE' });
  expect(q.world.lane?.mode).toBe('open');
});
