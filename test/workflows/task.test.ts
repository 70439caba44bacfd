import { expect, test } from '@jest/globals';
import { ownerForgeEventSignal } from '../../workflows/contract/forge-event.js';
import { FACTORY_WORKFLOW_ID, taskWorkflowId } from '../../workflows/contract/ids.js';
import { admittedSignal, cancelUpdate, mailSignal } from '../../workflows/contract/messages.js';
import { taskRecheckUpdate, taskStatusQuery } from '../../workflows/contract/task.js';
import { until } from '../support/until.js';
import { heardQuery } from './support/listener.workflow.js';
import { by, refusal } from './support/refusal.js';
import { calls, complete, RunWorld } from './support/run-world.js';
import { reaches, TaskSuite } from './support/task-suite.js';
import { TaskWorld } from './support/task-world.js';

const suite = TaskSuite.use();

test('a task is run, committed, verified, published, queued and landed', async () => {
  const { id, task, world, owner, landed } = await suite.start(new TaskWorld());
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
  const { task } = await suite.start(world);
  expect(await task.result()).toEqual({ kind: 'ended', state: 'COMPLETED' });
  expect(world.trees).toEqual([]);
});

test('a lone task asks the factory for its slot and gives it back', async () => {
  const { id, task, landed, world } = await suite.start(new TaskWorld(), { alone: true });
  await landed();
  await task.result();
  const { asks } = await suite.client.workflow.getHandle(FACTORY_WORKFLOW_ID).query(heardQuery);
  const workflowId = taskWorkflowId(id);
  expect(asks.filter((ask) => ask.workflowId === workflowId)).toEqual([
    { workflowId, priority: 3, wants: 1 },
    { workflowId, ended: true },
  ]);
  expect(world.row.state).toBe('COMPLETED');
});

test('an ask for a slot that nobody heard is made again', async () => {
  const world = new TaskWorld();
  const { task, landed, owner } = await suite.start(world, { admits: false, input: { timing: { silentRunMs: 200 } } });
  await until(async () => (await owner()).tasks.filter(({ wantsSlot }) => wantsSlot).length > 2);
  await task.signal(admittedSignal, { slots: 1 });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('without a slot nothing begins, and an admission before the first task counts', async () => {
  const world = new TaskWorld();
  const { task, owner } = await suite.start(world, { admits: false });
  await until(async () => (await owner()).tasks.length === 1);
  expect(world.trees).toEqual([]);
  expect(await task.query(taskStatusQuery)).toMatchObject({ state: 'PENDING', waitingFor: 'a free worker' });
  await task.signal(admittedSignal, { slots: 1 });
  await reaches(world, 'REVIEW');
});

test('a red round goes back to the agent with the failing check, until it is green', async () => {
  const world = new TaskWorld();
  world.onCheck = (commit) => (/head-[12]$/.test(commit) ? 'failed' : 'passed');
  const { task, landed } = await suite.start(world);
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
  const { id, task, landed } = await suite.start(world);
  await until(() => world.mails.length === 1);
  await reaches(world, 'BLOCKED');
  expect(world.mails[0]).toMatchObject({
    to: { kind: 'epic', id },
    waiterWorkflowId: taskWorkflowId(id),
    template: { kind: 'checks_exhausted', checks: ['unit'], rounds: 3 },
  });
  expect(world.row).toMatchObject({
    blockedReason: 'checks still fail after 3 rounds: unit',
    waitingFor: 'an answer to its question, or a person to resume it',
  });
  await task.signal(mailSignal, { mailId: 'note' });
  await task.signal(mailSignal, { mailId: 'a1', answers: world.mails[0]?.mailId });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs.at(-1)?.opened?.context).toMatchObject({ mailIds: ['note', 'a1'] });
  expect(world.row.blockedReason).toBeNull();
});

test('a red head that somebody asks for again is checked without another run, and lands once it is green', async () => {
  const world = new TaskWorld();
  let isRed = true;
  world.onCheck = (commit) => (isRed && /head-[123]$/.test(commit) ? 'failed' : 'passed');
  const { task, landed } = await suite.start(world);
  await reaches(world, 'BLOCKED');
  const recheck = (headSha: string) =>
    task.executeUpdate(taskRecheckUpdate, { args: [{ by: 'github:rita', headSha }] });
  expect(await refusal(recheck('head-2'))).toBe('InvalidState');
  isRed = false;
  // Whoever asks has voided what was known of the tree.
  world.evidence.splice(0);
  expect(await recheck('head-3')).toMatchObject({ state: 'IN_PROGRESS' });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect([world.runs.length, world.opened]).toEqual([3, [{ headSha: 'head-3' }]]);
});

test('a red base costs no round: the task waits for the lane', async () => {
  const world = new TaskWorld();
  let isBaseRed = true;
  world.onCheck = (_commit, purpose) => (isBaseRed && purpose !== 'none' ? 'failed' : 'passed');
  const { task, queue, landed } = await suite.start(world, { input: { timing: { laneRetryMs: 3_600_000 } } });
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
  const { landed, task } = await suite.start(world);
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
  const { task, owner, landed } = await suite.start(world, { admits: false });
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

test('a red base is told to a queue that is not there yet', async () => {
  const world = new TaskWorld();
  world.facts = { targetBranch: 'release' };
  world.onCheck = (_commit, purpose) => (purpose === 'none' ? 'passed' : 'failed');
  const { task } = await suite.start(world, { input: { timing: { laneRetryMs: 3_600_000 } } });
  await until(() => world.redBases.length === 1);
  expect(world.redBases).toEqual(['tip-1']);
  await task.executeUpdate(cancelUpdate, by);
  await task.result();
});

test('files that git cannot keep go back to the agent', async () => {
  const world = new TaskWorld();
  world.onCommit = (_input, count) =>
    count === 1 ? { kind: 'refused', paths: ['a '], why: 'a name git cannot keep' } : undefined;
  const { task, landed } = await suite.start(world);
  await landed();
  await task.result();
  expect(world.runs[1]?.opened).toMatchObject({
    kind: 'debug',
    context: { failedChecks: [{ failedTests: ['a : a name git cannot keep'] }] },
  });
});

test('any mail may hold the help that a blocked agent asked for', async () => {
  const world = new TaskWorld();
  const block = {
    reply: calls('store-block'),
    tools: { 'store-block': { kind: 'blocked', reason: 'no key' } },
  } as const;
  world.scripts = [() => new RunWorld([block]), () => new RunWorld([complete])];
  const { task, landed } = await suite.start(world);
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({ template: { kind: 'run_blocked', reason: 'no key' } });
  await task.signal(mailSignal, { mailId: 'help' });
  await landed();
  await task.result();
  expect(world.runs[1]?.opened?.context.mailIds).toEqual(['help']);
});
