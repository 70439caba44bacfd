import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type WorkflowHandleWithStartDetails, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  type AgentRunInput,
  type AgentRunWorkflow,
  runStatusQuery,
  runStopSignal,
  runStopUpdate,
} from '../../workflows/contract/agent-run.js';
import { runWorkflowId } from '../../workflows/contract/ids.js';
import { holdSignal, mailSignal, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { heardQuery } from './support/listener.workflow.js';
import { Rig } from './support/rig.js';
import { calls, complete, failure, RunWorld, RunWorlds } from './support/run-world.js';

const worlds = new RunWorlds();
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start('./agent-run.bundle.ts', worlds.activities, ['host-a', 'host-b']);
}, 120_000);
afterAll(() => rig.stop());

interface Started {
  readonly run: WorkflowHandleWithStartDetails<AgentRunWorkflow>;
  readonly world: RunWorld;
  readonly heard: () => Promise<readonly string[]>;
}

async function start(world: RunWorld, input: Partial<AgentRunInput> = {}): Promise<Started> {
  const runId = randomUUID();
  worlds.add(runId, world);
  const { client } = rig.env;
  const parent = await client.workflow.start('listener', { workflowId: `parent/${runId}`, taskQueue: QUEUE.shared });
  const run = await client.workflow.start<AgentRunWorkflow>('agentRun', {
    workflowId: runWorkflowId(runId),
    taskQueue: QUEUE.shared,
    args: [
      {
        runId,
        projectId: 'project-1',
        kind: 'execution',
        agentName: 'worker',
        attempt: 1,
        round: 1,
        parentWorkflowId: parent.workflowId,
        host: { hostQueue: 'host-a', treeId: 'tree-1' },
        rebuild: { ownerId: runId, branch: 'main', at: 'base', mode: 'write' },
        context: {},
        tuning: 'brisk',
        ...input,
      },
    ],
  });
  const heard = async () => (await parent.query(heardQuery)).runs.map(({ state }) => state);
  return { run, world, heard };
}

let open: () => void = () => undefined;
/** What a tool waits for until the test calls `open`. */
const gate = (): Promise<void> =>
  new Promise((resolve) => {
    open = resolve;
  });

const refusal = async (update: Promise<unknown>): Promise<string | undefined> => {
  const error = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
    ? (error.cause.type ?? undefined)
    : undefined;
};

test('a run goes turn by turn until it says that its task is done', async () => {
  const { run, world, heard } = await start(
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
  const { run } = await start(world);
  expect(await run.result()).toMatchObject({ kind: 'ended', state: 'completed' });
  expect(world.modelCalls).toEqual([]);
});

test('a question makes the run wait, and its answer is handed over with the next turn', async () => {
  const { run, world, heard } = await start(
    new RunWorld([
      { reply: calls('store-ask'), tools: { 'store-ask': { kind: 'asked', mailId: 'q1', of: 'its supervisor' } } },
      complete,
    ]),
  );
  await until(async () => (await run.query(runStatusQuery)).state === 'waiting');
  expect(await run.query(runStatusQuery)).toMatchObject({
    waitingMailId: 'q1',
    waitingFor: 'an answer from its supervisor',
  });
  await run.signal(mailSignal, { mailId: 'other' });
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ mailIds }) => mailIds)).toEqual([[], ['other', 'a1']]);
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
  const { run } = await start(world);
  await until(() => world.toolCalls.length === 2);
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  open();
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['running', 'completed']);
});

test('replies without a tool call are answered with a nudge, and three in a row end the attempt', async () => {
  const { run, world } = await start(new RunWorld([]));
  expect(await run.result()).toMatchObject({ kind: 'failed', agentFault: true });
  expect(world.modelCalls.map(({ notes }) => notes.length)).toEqual([0, 1, 1]);
  expect(world.modelCalls[1]?.notes[0]).toContain('without calling a tool (1 of 3)');
  expect(world.seals).toHaveLength(3);
});

test('a turn that repeats itself ends the attempt as stuck', async () => {
  const world = new RunWorld([{ reply: calls('host-1') }]);
  world.stuck = true;
  const { run } = await start(world);
  expect(await run.result()).toMatchObject({
    kind: 'failed',
    agentFault: true,
    reason: expect.stringContaining('stuck'),
  });
});

test('a provider that stays away is not the fault of the agent', async () => {
  const { run, world } = await start(new RunWorld([{ fail: failure('Unavailable') }]));
  expect(await run.result()).toMatchObject({ kind: 'failed', agentFault: false, reason: 'Unavailable for the test' });
  expect(world.row).toMatchObject({ state: 'failed', error: 'Unavailable for the test' });
});

test('replies that cannot be read are asked for again, three times at most', async () => {
  const unreadable = { fail: failure('MalformedReply') };
  const once = await start(new RunWorld([unreadable, complete]));
  expect(await once.run.result()).toMatchObject({ kind: 'completed' });
  expect(once.world.modelCalls.map(({ turn }) => turn)).toEqual([0, 0]);
  const always = await start(new RunWorld([unreadable, unreadable, unreadable, complete]));
  expect(await always.run.result()).toMatchObject({ kind: 'failed', agentFault: true });
});

test('a used-up quota is slept through, and the turn is taken then', async () => {
  const resetAt = new Date(Date.now() + 1500).toISOString();
  const { run, world } = await start(new RunWorld([{ fail: failure('QuotaExhausted', { resetAt }) }, complete]));
  await until(async () => (await run.query(runStatusQuery)).waitingFor?.startsWith("the model's quota") ?? false);
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ turn }) => turn)).toEqual([0, 0]);
});

test('a limit holds the run and asks by mail; the answer lifts it once', async () => {
  const hit = { scope: 'run', what: 'money', spent: 5_000_000, limit: 5_000_000 } as const;
  const world = new RunWorld([{ reply: { kind: 'budget', hit } }, complete]);
  world.onModel = async () => {
    if (world.modelCalls.length === 2) world.skipScripted();
  };
  const { run } = await start(world, { createdBy: 'ada', taskId: 'task-1' });
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({
    to: { kind: 'human', id: 'ada' },
    waiterWorkflowId: run.workflowId,
    template: { kind: 'budget_reached', spent: '$5.00', limit: '$5.00' },
  });
  expect(await run.query(runStatusQuery)).toMatchObject({ state: 'paused', pausedBy: ['budget'] });
  await run.signal(mailSignal, { mailId: 'a1', answers: world.mails[0]?.mailId });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ turn, budgetGrants }) => [turn, budgetGrants])).toEqual([
    [0, 0],
    [0, 1],
  ]);
});

test('a paused run ends the call in flight and begins no other until it is resumed', async () => {
  const world = new RunWorld([{ reply: calls('host-slow', 'host-2'), tools: { 'host-slow': gate() } }, complete]);
  const { run } = await start(world);
  await until(() => world.toolCalls.length === 1);
  expect(await run.executeUpdate(pauseUpdate, { args: [{ by: 'ada' }] })).toMatchObject({
    state: 'paused',
    pausedBy: ['person'],
    waitingFor: 'a person to resume it',
  });
  open();
  await until(() => world.row.state === 'paused');
  await rig.stopWorkers();
  await rig.startWorkers();
  expect(world.toolCalls).toHaveLength(1);
  await run.executeUpdate(resumeUpdate, { args: [{ by: 'ada' }] });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['running', 'paused', 'running', 'completed']);
});

test('a completion of a paused run counts when it is resumed', async () => {
  const world = new RunWorld([
    { reply: calls('host-slow', 'store-complete'), tools: { 'host-slow': gate(), ...complete.tools } },
  ]);
  const { run } = await start(world);
  await until(() => world.toolCalls.length === 1);
  await run.signal(holdSignal, { by: 'parent', on: true });
  open();
  await until(() => world.row.state === 'paused');
  await run.signal(holdSignal, { by: 'parent', on: false });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
});

test('updates that do not fit the state are refused and leave nothing behind', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }, complete]);
  const { run } = await start(world);
  await until(() => world.row.revision > 0 && world.toolCalls.length === 1);
  expect(await refusal(run.executeUpdate(resumeUpdate, { args: [{ by: 'ada' }] }))).toBe('InvalidState');
  expect(await refusal(run.executeUpdate(pauseUpdate, { args: [{ by: 'ada', expectedRevision: 0 }] }))).toBe(
    'StaleVersion',
  );
  await run.signal(holdSignal, { by: 'parent', on: true });
  expect(await refusal(run.executeUpdate(resumeUpdate, { args: [{ by: 'ada' }] }))).toBe('InvalidState');
  await run.executeUpdate(runStopUpdate, { args: [{ by: 'ada' }] });
  open();
  await run.result();
  expect(world.states()).toEqual(['running', 'paused', 'stopped']);
});

test('a stop ends the tool, seals the turn and ends the run', async () => {
  const world = new RunWorld([{ reply: calls('host-1', 'host-slow', 'host-3'), tools: { 'host-slow': gate() } }]);
  const { run } = await start(world);
  await until(() => world.toolCalls.length === 2);
  await run.executeUpdate(runStopUpdate, { args: [{ by: 'ada' }] });
  expect(await run.result()).toMatchObject({ kind: 'stopped', by: 'ada', checkpointSha: 'checkpoint-0' });
  expect(world.seals).toMatchObject([{ callIds: ['host-1', 'host-slow', 'host-3'], lost: false }]);
  expect(world.row.state).toBe('stopped');
});

test('a stop for a cancelled parent ends even a paused run, as cancelled', async () => {
  const { run, world } = await start(new RunWorld([complete]), { pausedBy: ['parent'] });
  await until(() => world.row.state === 'paused');
  await run.signal(runStopSignal, { by: 'ada', cancel: true });
  expect(await run.result()).toMatchObject({ kind: 'cancelled' });
  expect(world.modelCalls).toEqual([]);
  expect(world.states()).toEqual(['running', 'paused', 'cancelled']);
});

test('a cancellation in the Temporal UI ends the run in order', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }]);
  const { run } = await start(world);
  await until(() => world.toolCalls.length === 1);
  await run.cancel();
  expect(await run.result()).toMatchObject({ kind: 'cancelled' });
  expect(world.seals).toHaveLength(1);
});

test('the deadline ends the turn, and time while paused does not count', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }]);
  world.facts = { deadlineMs: 1500 };
  const { run } = await start(world);
  await run.signal(holdSignal, { by: 'parent', on: true });
  await until(() => world.row.state === 'paused');
  const pausedAt = Date.now();
  await until(() => Date.now() - pausedAt > 1600);
  await run.signal(holdSignal, { by: 'parent', on: false });
  await until(() => world.toolCalls.length === 1);
  expect(await run.result()).toMatchObject({ kind: 'timeout' });
  expect(world.states()).toEqual(['running', 'paused', 'running', 'timeout']);
});

test('host work that never began goes on elsewhere, from the last checkpoint', async () => {
  const { run, world } = await start(
    new RunWorld([
      { reply: calls('host-1') },
      { reply: calls('host-2'), once: { 'host-2': failure('NeverStarted') } },
      complete,
    ]),
  );
  expect(await run.result()).toMatchObject({ kind: 'completed', host: { hostQueue: 'host-b', treeId: 'tree-2' } });
  expect(world.trees).toMatchObject([{ at: 'checkpoint-0', branch: 'main', mode: 'write' }]);
  expect(world.toolCalls.map(({ callId, treeId }) => [callId, treeId])).toEqual([
    ['host-1', 'tree-1'],
    ['host-2', 'tree-1'],
    ['host-2', 'tree-2'],
    ['store-complete', undefined],
  ]);
  expect(world.modelCalls.map(({ notes }) => notes)).toEqual([[], [], []]);
  await until(() => world.row.hostQueue === 'host-b');
});

test('a tree lost later in a turn is rolled back, and the model is told', async () => {
  const { run, world } = await start(
    new RunWorld([{ reply: calls('host-1', 'host-2'), tools: { 'host-2': failure('WorktreeLost') } }, complete]),
  );
  expect(await run.result()).toMatchObject({ kind: 'completed', host: { treeId: 'tree-2' } });
  expect(world.seals.map(({ turn, lost, treeId }) => ({ turn, lost, treeId }))).toEqual([
    { turn: 0, lost: true, treeId: undefined },
    { turn: 1, lost: false, treeId: 'tree-2' },
  ]);
  expect(world.trees).toMatchObject([{ at: 'base' }]);
  expect(world.modelCalls[1]?.notes[0]).toContain('back as they were at the start of this turn');
});

test('a lost tree that only the parent can make anew ends the run as lost', async () => {
  const { run, world } = await start(
    new RunWorld([{ reply: calls('host-1'), tools: { 'host-1': failure('WorktreeLost') } }]),
    { rebuild: undefined },
  );
  expect(await run.result()).toMatchObject({ kind: 'lost' });
  expect(world.row.state).toBe('orphaned');
});

test('a newer writer of the tree ends the run as lost, without touching the tree', async () => {
  const { run, world } = await start(
    new RunWorld([{ reply: calls('host-1'), tools: { 'host-1': failure('Superseded') } }]),
  );
  expect(await run.result()).toMatchObject({ kind: 'lost' });
  expect(world.trees).toEqual([]);
});

test('a worker that dies in a tool costs that turn and nothing else', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }, complete]);
  const { run } = await start(world);
  await until(() => world.toolCalls.length === 1);
  await rig.stopWorkers();
  await rig.startWorkers();
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ turn }) => turn)).toEqual([0, 1]);
  expect(world.seals.map(({ lost }) => lost)).toEqual([true, false]);
});

test('a long run continues as new between turns with its mail and its log', async () => {
  const ask = {
    reply: calls('store-ask'),
    tools: { 'store-ask': { kind: 'asked', mailId: 'q1', of: 'ada' } },
  } as const;
  const turns = [...Array.from({ length: 6 }, () => ({ reply: calls('host-1') })), ask, complete];
  const { run, world, heard } = await start(new RunWorld(turns), { maxEvents: 20 });
  await run.signal(mailSignal, { mailId: 'early' });
  await until(() => world.row.state === 'waiting');
  for (let index = 0; index < 8; index += 1) await run.signal(mailSignal, { mailId: `more-${index % 4}` });
  await run.signal(mailSignal, { mailId: 'early' });
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  const first = rig.env.client.workflow.getHandle(run.workflowId, run.firstExecutionRunId, { followRuns: false });
  expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
  expect(world.modelCalls.map(({ turn }) => turn)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const delivered = world.modelCalls.flatMap(({ mailIds }) => mailIds);
  expect(delivered).toEqual(['early', 'more-0', 'more-1', 'more-2', 'more-3', 'a1']);
  expect(world.states()).toEqual(['running', 'waiting', 'running', 'completed']);
  expect(world.entries.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  expect((await heard()).filter((state, index, all) => state !== all[index - 1])).toEqual(world.states());
});

test('a program is run once a turn, waits for its answer and is started again with it', async () => {
  const world = new RunWorld([], [{ kind: 'question', mailId: 'q1' }]);
  world.facts = { backend: 'command' };
  const { run } = await start(world);
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
  const bad = await start(failing);
  expect(await bad.run.result()).toMatchObject({ kind: 'failed', agentFault: true, reason: 'exit code 3' });
  const losing = new RunWorld([], [failure('WorktreeLost')]);
  losing.facts = { backend: 'command' };
  const lost = await start(losing);
  expect(await lost.run.result()).toMatchObject({ kind: 'completed', host: { hostQueue: 'host-b' } });
  expect(losing.programs.map(({ treeId }) => treeId)).toEqual(['tree-1', 'tree-2']);
});

test('a program is killed by a stop, and what it wrote is sealed', async () => {
  const world = new RunWorld([], [gate()]);
  world.facts = { backend: 'command' };
  const { run } = await start(world);
  await until(() => world.programs.length === 1);
  await run.executeUpdate(runStopUpdate, { args: [{ by: 'ada' }] });
  expect(await run.result()).toMatchObject({ kind: 'stopped', checkpointSha: 'checkpoint-0' });
});

test('a run whose agent is not registered tells its parent why it cannot begin', async () => {
  const world = new RunWorld([]);
  world.refusal = failure('InvalidInput');
  const { run, heard } = await start(world);
  expect(await run.result()).toMatchObject({ kind: 'failed', agentFault: false, reason: 'InvalidInput for the test' });
  expect(await heard()).toEqual(['failed']);
});
