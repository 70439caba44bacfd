import { expect, test } from '@jest/globals';
import { epicAddTaskUpdate, epicLandUpdate, epicRetryFailedUpdate } from '../../workflows/contract/epic.js';
import { ownerForgeEventSignal, requestRebaseSignal } from '../../workflows/contract/forge-event.js';
import { cancelUpdate } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { BY, listen, refusal, start, useEpics } from './support/epic-rig.js';
import { EpicWorld, snapshot } from './support/epic-world.js';

useEpics();

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
