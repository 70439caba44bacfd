import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { type AgentRunInput, type AgentRunWorkflow, runStatusQuery } from '../../workflows/contract/agent-run.js';
import { runWorkflowId } from '../../workflows/contract/ids.js';
import { mailSignal } from '../../workflows/contract/messages.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { heardQuery } from './support/listener.workflow.js';
import { Rig } from './support/rig.js';
import { calls, complete, RunWorld, RunWorlds } from './support/run-world.js';

const worlds = new RunWorlds();
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start('./agent-run.bundle.ts', worlds.activities, ['host-a', 'host-b']);
}, 120_000);
afterAll(() => rig.stop());

interface Started {
  readonly run: WorkflowHandle<AgentRunWorkflow>;
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
