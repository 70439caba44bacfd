import { expect, test } from '@jest/globals';
import { epicWorkflowId } from '../../workflows/contract/ids.js';
import {
  mergeQueueOpenLaneUpdate,
  mergeQueuePauseLaneUpdate,
  mergeQueueReprioritiseUpdate,
  mergeQueueTickSignal,
  mergeQueueWithdrawUpdate,
} from '../../workflows/contract/merge-queue.js';
import { holdSignal } from '../../workflows/contract/messages.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { ownerHeardQuery } from './support/owner.workflow.js';
import { QUICK, QueueRig, refusalOf } from './support/queue-rig.js';
import { RED, shaOf } from './support/queue-world.js';

const q = QueueRig.forSuite();

test('a task that saw a red base waits for the lane without an entry of its own', async () => {
  const waiter = await q.owner(9);
  let isGreen = false;
  q.world.check = () => (isGreen ? { outcome: 'passed', failedTests: [], ms: 1 } : RED);
  await q.start({ timing: { ...QUICK, controlEveryMs: 100 } });
  await until(async () => (await q.view()).tip === q.world.tip);
  await waiter.say({ kind: 'baseRed', tip: q.world.tip, checks: [{ name: 'test', failedTests: [] }], from: waiter.id });
  await until(async () => (await q.view()).lane.mode === 'red');
  await until(() => q.world.runs.length >= 3);
  isGreen = true;
  await until(
    async () => (await waiter.heard()).events.at(-1)?.kind === 'laneChanged' && (await q.view()).lane.mode === 'open',
  );
  await until(async () => (await waiter.heard()).events.length === 2);
  expect((await waiter.heard()).events).toMatchObject([{ mode: 'red' }, { mode: 'open' }]);
});

test('a rewritten base pauses the lane until a person opens it', async () => {
  q.world.pullRequest(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1);
  await q.world.running();
  q.world.outsiderPushes('rewritten');
  await q.queue.signal(mergeQueueTickSignal);
  await until(async () => (await q.view()).lane.mode === 'paused');
  expect((await q.view()).lane).toMatchObject({ pausedBy: ['incident'], by: 'system' });
  expect((await q.view()).lane.reason).toContain('BASE_REWRITTEN');
  await until(() => q.world.incidents.length === 1);
  expect(q.world.incidents[0]).toContain('BASE_REWRITTEN');
  q.world.release();
  await q.queue.executeUpdate(mergeQueueOpenLaneUpdate, { args: [{ by: 'ada' }] });
  await until(() => q.world.marked.length === 1);
});

test('a base that was rewritten while no queue lived holds the lane of the next one until a person opens it', async () => {
  q.world.pullRequest(1);
  q.world.lostTip = shaOf('lost');
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.incidents.length === 1);
  expect(q.world.incidents[0]).toContain(`BASE_REWRITTEN: ${shaOf('lost').slice(0, 12)}`);
  expect((await q.view()).lane).toMatchObject({ mode: 'paused', pausedBy: ['incident'] });
  expect(q.world.marked).toEqual([]);
  await q.queue.executeUpdate(mergeQueueOpenLaneUpdate, { args: [{ by: 'ada' }] });
  await until(() => q.world.marked.length === 1);
});

test('refusals: draining, another head of a queued pull request, malformed, unknown entry, no reason', async () => {
  q.world.pullRequest(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1);
  expect(await refusalOf(q.enqueue(1, { entryId: 'other', headSha: shaOf('x') }))).toBe('InvalidState');
  expect(await refusalOf(q.enqueue(2, { headSha: 'short' }))).toBe('InvalidState');
  expect(
    await refusalOf(q.queue.executeUpdate(mergeQueueWithdrawUpdate, { args: [{ entryId: 'none', by: 'ada' }] })),
  ).toBe('NotFound');
  expect(
    await refusalOf(
      q.queue.executeUpdate(mergeQueueReprioritiseUpdate, {
        args: [{ entryId: q.idOf(1), priority: 2, by: 'ada', reason: ' ' }],
      }),
    ),
  ).toBe('InvalidInput');
  expect(
    await refusalOf(
      q.queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: '' }] }),
    ),
  ).toBe('InvalidInput');
  await q.queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'drain', by: 'ada', reason: 'release' }] });
  expect(await refusalOf(q.enqueue(2))).toBe('InvalidState');
  expect((await q.view()).lane.mode).toBe('draining');
  expect((await q.view()).entries).toHaveLength(1);
});

test('withdrawn while building: its build is cancelled, the slot freed, the next one lands', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  const first = await q.owner(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueueInTurn(1, 2);
  await q.world.running();
  await q.queue.executeUpdate(mergeQueueWithdrawUpdate, { args: [{ entryId: q.idOf(1), by: 'ada' }] });
  await until(() => [...q.world.builds.values()].some((build) => build.status === 'cancelled'));
  await q.world.running(2);
  q.world.release();
  await until(() => q.world.marked.includes(2));
  expect(q.world.marked).toEqual([2]);
  await until(() => q.stateOf(1) === 'withdrawn');
  await until(async () => (await first.heard()).events.length > 0);
  expect((await first.heard()).events).toEqual([
    { kind: 'entryWithdrawn', entryId: q.idOf(1), prNumber: 1, by: 'ada' },
  ]);
});

test('withdrawn while rebasing, and by its owner; once the push is scheduled it is refused', async () => {
  q.world.pullRequest(1, { conflict: true });
  q.world.pullRequest(2);
  const first = await q.owner(1);
  await q.start();
  await q.enqueue(1);
  await until(async () => (await first.heard()).rebases.length === 1);
  await first.say({ kind: 'withdraw', entryId: q.idOf(1), by: 'task', reason: 'cancelled' });
  await until(() => q.stateOf(1) === 'withdrawn');
  let refused: string | undefined | null;
  q.world.beforePush = async () => {
    refused = await refusalOf(
      q.queue.executeUpdate(mergeQueueWithdrawUpdate, { args: [{ entryId: q.idOf(2), by: 'ada' }] }),
    );
  };
  await q.enqueue(2);
  await until(() => q.world.marked.includes(2));
  expect(refused).toBe('InvalidState');
});

test('paused by a person and held by the factory: builds end, nothing lands until both let go', async () => {
  q.world.pullRequest(1);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1);
  await q.world.running();
  await q.queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: 'audit' }] });
  await q.queue.signal(holdSignal, { by: 'factory', on: true });
  q.world.release();
  await until(async () => (await q.why(1))?.builds[0]?.status === 'passed');
  const opened = await q.queue.executeUpdate(mergeQueueOpenLaneUpdate, { args: [{ by: 'ada' }] });
  expect(opened.lane).toMatchObject({ mode: 'paused', pausedBy: ['factory'] });
  expect(q.world.landed).toEqual([]);
  await q.queue.signal(holdSignal, { by: 'factory', on: false });
  await until(() => q.world.marked.length === 1);
});

test('a lane change is told to the epics of waiting entries', async () => {
  q.world.pullRequest(1);
  const epicId = `${q.projectId}-epic`;
  const epic = await q.rig.env.client.workflow.start('owner', {
    workflowId: epicWorkflowId(epicId),
    taskQueue: QUEUE.shared,
  });
  q.owners.push(epic);
  q.world.holdChecks();
  await q.start();
  await q.enqueue(1, { epicId });
  await q.queue.executeUpdate(mergeQueuePauseLaneUpdate, { args: [{ mode: 'pause', by: 'ada', reason: 'audit' }] });
  await until(async () => (await epic.query(ownerHeardQuery)).lanes.length === 1);
  expect((await epic.query(ownerHeardQuery)).lanes).toEqual(['paused']);
});

test('guards read again before the landing: a pull request that closed meanwhile leaves alone', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  q.world.holdChecks();
  await q.start();
  await q.enqueueInTurn(1, 2);
  await q.world.running();
  q.world.pullRequest(1, { refused: 'PR_CLOSED' });
  q.world.release();
  await until(() => q.world.marked.includes(2) && q.stateOf(1) === 'ejected');
  expect(q.world.entries.get(q.idOf(1))).toMatchObject({ state: 'ejected', reason: 'PR_CLOSED' });
  expect(q.world.marked).toEqual([2]);
});

test('an urgent entry goes before those that wait', async () => {
  for (const n of [1, 2, 3]) q.world.pullRequest(n);
  q.world.holdChecks();
  await q.start();
  await q.enqueueInTurn(1, 2, 3);
  await until(async () => (await q.view()).entries.every((entry) => entry.state === 'active'));
  await q.world.running();
  await q.queue.executeUpdate(mergeQueueReprioritiseUpdate, {
    args: [{ entryId: q.idOf(3), priority: 2, by: 'ada', reason: 'hot fix' }],
  });
  q.world.release();
  await until(() => q.world.marked.length === 3);
  expect(q.world.marked).toEqual([3, 1, 2]);
});
