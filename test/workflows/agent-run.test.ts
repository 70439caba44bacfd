import { expect, test } from '@jest/globals';
import { runStatusQuery, runStopUpdate } from '../../workflows/contract/agent-run.js';
import { holdSignal, mailSignal } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { gate, openGate } from './support/gate.js';
import { RunSuite } from './support/run-suite.js';
import { calls, complete, failure, RunWorld } from './support/run-world.js';

const suite = RunSuite.use();

test('a run goes turn by turn until it says that its task is done', async () => {
  const { run, world, heard } = await suite.start(
    new RunWorld([{ reply: calls('host-1', 'store-2') }, { reply: calls('host-3') }, complete]),
  );
  expect(await run.result()).toEqual({
    kind: 'completed',
    summary: 'all done',
    host: { hostQueue: 'host-a', treeId: 'tree-1' },
    checkpointSha: 'checkpoint-2',
  });
  expect(world.toolCalls.map(({ callId }) => callId)).toEqual(['host-1', 'store-2', 'host-3', 'store-complete']);
  expect(world.seals.map(({ callIds }) => callIds)).toEqual([['host-1', 'store-2'], ['host-3'], ['store-complete']]);
  expect(world.states()).toEqual(['running', 'completed']);
  expect(world.row).toMatchObject({ state: 'completed', outcome: 'completed', summary: 'all done' });
  expect(await heard()).toEqual(['running', 'completed']);
});

test('a run whose row has ended returns without a model call', async () => {
  const world = new RunWorld([]);
  world.ended = 'completed';
  const { run } = await suite.start(world);
  expect(await run.result()).toMatchObject({ kind: 'ended', state: 'completed' });
  expect(world.modelCalls).toEqual([]);
});

test('a question makes the run wait, and its answer is handed over with the next turn', async () => {
  const { run, world, heard } = await suite.start(
    new RunWorld([
      { reply: calls('store-ask'), tools: { 'store-ask': { kind: 'asked', mailId: 'q1', of: 'its supervisor' } } },
      { reply: calls('host-slow'), tools: { 'host-slow': gate() } },
      complete,
    ]),
  );
  // A parent is told how its run stands, not each step on the way there: the run stays where the test looks at it.
  await until(async () => (await heard()).at(-1) === 'waiting');
  expect(await run.query(runStatusQuery)).toMatchObject({
    waitingMailId: 'q1',
    waitingFor: 'an answer from its supervisor',
  });
  await run.signal(mailSignal, { mailId: 'other' });
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  await until(async () => (await heard()).at(-1) === 'running');
  openGate();
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ mailIds }) => mailIds)).toEqual([[], ['other', 'a1'], []]);
  expect(world.states()).toEqual(['running', 'waiting', 'running', 'completed']);
  expect(await heard()).toEqual(['running', 'waiting', 'running', 'completed']);
});

test('an answer that comes before the run waits is not waited for', async () => {
  const world = new RunWorld([
    {
      reply: calls('store-ask', 'host-slow'),
      tools: { 'store-ask': { kind: 'asked', mailId: 'q1', of: 'ada' }, 'host-slow': gate() },
    },
    complete,
  ]);
  const { run } = await suite.start(world);
  await until(() => world.toolCalls.length === 2);
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  openGate();
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['running', 'completed']);
});

test('replies without a tool call are answered with a nudge, and three in a row end the attempt', async () => {
  const { run, world } = await suite.start(new RunWorld([]));
  expect(await run.result()).toMatchObject({ kind: 'failed', agentFault: true });
  expect(world.modelCalls.map(({ notes }) => notes.length)).toEqual([0, 1, 1]);
  expect(world.modelCalls[1]?.notes[0]).toContain('without calling a tool (1 of 3)');
  expect(world.seals).toHaveLength(3);
});

test('a turn that repeats itself ends the attempt as stuck', async () => {
  const world = new RunWorld([{ reply: calls('host-1') }]);
  world.stuck = true;
  const { run } = await suite.start(world);
  expect(await run.result()).toMatchObject({
    kind: 'failed',
    agentFault: true,
    reason: expect.stringContaining('stuck'),
  });
});

test('a provider that stays away is not the fault of the agent', async () => {
  const { run, world } = await suite.start(new RunWorld([{ fail: failure('Unavailable') }]));
  expect(await run.result()).toMatchObject({ kind: 'failed', agentFault: false, reason: 'Unavailable for the test' });
  expect(world.row).toMatchObject({ state: 'failed', error: 'Unavailable for the test' });
});

test('replies that cannot be read are asked for again, three times at most', async () => {
  const unreadable = { fail: failure('MalformedReply') };
  const once = await suite.start(new RunWorld([unreadable, complete]));
  expect(await once.run.result()).toMatchObject({ kind: 'completed' });
  expect(once.world.modelCalls.map(({ turn }) => turn)).toEqual([0, 0]);
  const always = await suite.start(new RunWorld([unreadable, unreadable, unreadable, complete]));
  expect(await always.run.result()).toMatchObject({ kind: 'failed', agentFault: true });
});

test('a used-up quota is slept through, and the turn is taken then', async () => {
  const resetAt = new Date(Date.now() + 1500).toISOString();
  const { run, world } = await suite.start(new RunWorld([{ fail: failure('QuotaExhausted', { resetAt }) }, complete]));
  await until(async () => (await run.query(runStatusQuery)).waitingFor?.startsWith("the model's quota") ?? false);
  await run.signal(holdSignal, { by: 'parent', on: true });
  await until(() => world.row.state === 'paused');
  await run.signal(holdSignal, { by: 'parent', on: false });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ turn }) => turn)).toEqual([0, 0]);
});

test('a program is run once a turn, waits for its answer and is started again with it', async () => {
  const world = new RunWorld([], [{ kind: 'question', mailId: 'q1' }]);
  world.facts = { backend: 'command' };
  const { run } = await suite.start(world);
  await until(() => world.row.state === 'waiting');
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  expect(await run.result()).toMatchObject({ kind: 'completed', summary: 'program done' });
  expect(world.programs.map(({ turn, mailIds }) => ({ turn, mailIds }))).toEqual([
    { turn: 0, mailIds: [] },
    { turn: 1, mailIds: ['a1'] },
  ]);
  expect(world.seals.map(({ turn, treeId }) => ({ turn, treeId }))).toEqual([
    { turn: 0, treeId: 'tree-1' },
    { turn: 1, treeId: 'tree-1' },
  ]);
});

test('a program that fails is a failed attempt, and one whose host is lost is begun again', async () => {
  const failing = new RunWorld([], [{ kind: 'failed', reason: 'exit code 3', exitCode: 3 }]);
  failing.facts = { backend: 'command' };
  const bad = await suite.start(failing);
  expect(await bad.run.result()).toMatchObject({ kind: 'failed', agentFault: true, reason: 'exit code 3' });
  const losing = new RunWorld([], [failure('WorktreeLost')]);
  losing.facts = { backend: 'command' };
  const lost = await suite.start(losing);
  expect(await lost.run.result()).toMatchObject({ kind: 'completed', host: { hostQueue: 'host-b' } });
  expect(losing.programs.map(({ treeId }) => treeId)).toEqual(['tree-1', 'tree-2']);
});

test('a program is killed by a stop, and what it wrote is sealed', async () => {
  const world = new RunWorld([], [gate()]);
  world.facts = { backend: 'command' };
  const { run } = await suite.start(world);
  await until(() => world.programs.length === 1);
  await run.executeUpdate(runStopUpdate, { args: [{ by: 'ada' }] });
  expect(await run.result()).toMatchObject({ kind: 'stopped', checkpointSha: 'checkpoint-0' });
});

test('a run whose agent is not registered tells its parent why it cannot begin', async () => {
  const world = new RunWorld([]);
  world.refusal = failure('InvalidInput');
  const { run, heard } = await suite.start(world);
  expect(await run.result()).toMatchObject({ kind: 'failed', agentFault: false, reason: 'InvalidInput for the test' });
  expect(await heard()).toEqual(['failed']);
});
