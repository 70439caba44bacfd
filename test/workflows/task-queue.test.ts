import { expect, test } from '@jest/globals';
import {
  type OwnerForgeEvent,
  ownerForgeEventSignal,
  requestRebaseSignal,
} from '../../workflows/contract/forge-event.js';
import { mailSignal, resumeUpdate } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { by } from './support/refusal.js';
import { isQueued, reaches, TaskSuite } from './support/task-suite.js';
import { TaskWorld } from './support/task-world.js';

const suite = TaskSuite.use();

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
  const { task, queue, landed } = await suite.start(world);
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
  const { task, queue, landed } = await suite.start(world);
  await isQueued(world);
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
  const { task } = await suite.start(world);
  await isQueued(world);
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
  const { task, landed } = await suite.start(world);
  await isQueued(world);
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
  const { task, landed } = await suite.start(world, { alone: true });
  await isQueued(world);
  await task.signal(ownerForgeEventSignal, ejection(world, 'PR_CLOSED'));
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({ to: { kind: 'human', id: 'ada' }, template: { kind: 'entry_ejected' } });
  await task.executeUpdate(resumeUpdate, by);
  await until(() => world.enqueued.length === 2);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('a full queue is asked again, a refusal needs a person', async () => {
  const world = new TaskWorld();
  world.onEnqueue = () => {
    if (world.enqueued.length === 1) return { kind: 'refused', code: 'QUEUE_FULL', message: 'full' };
    return world.enqueued.length === 2
      ? { kind: 'refused', code: 'PR_ALREADY_QUEUED', message: 'queued by another' }
      : undefined;
  };
  const { task, landed } = await suite.start(world, { input: { timing: { laneRetryMs: 50 } } });
  await reaches(world, 'BLOCKED');
  expect(world.row.blockedReason).toBe('the merge queue refused it: queued by another');
  await until(() => world.mails.length === 1);
  await task.executeUpdate(resumeUpdate, by);
  await isQueued(world, 3);
  await landed();
  await task.result();
  expect(world.enqueued).toHaveLength(3);
});

test('a task that merges the moved base begins with the merge', async () => {
  const world = new TaskWorld();
  world.facts = { kind: 'integration', mergeBranch: 'main', targetBranch: 'main' };
  world.onMerge = () => ({ kind: 'conflict', files: [{ path: 'a.txt', what: 'both sides changed it' }] });
  const { task, landed } = await suite.start(world);
  await landed();
  await task.result();
  expect(world.runs.map(({ opened }) => opened?.kind)).toEqual(['integration']);
  expect(world.commits[0]).toMatchObject({ parents: ['tip-1', 'tip-1'], conflictFiles: ['a.txt'] });
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
});
