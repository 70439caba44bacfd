import { expect, test } from '@jest/globals';
import { mailSignal } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { gate, openGate } from './support/gate.js';
import { RunSuite } from './support/run-suite.js';
import { calls, complete, failure, RunWorld } from './support/run-world.js';

const suite = RunSuite.use();

test('host work that never began goes on elsewhere, from the last checkpoint', async () => {
  const { run, world } = await suite.start(
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
  const { run, world } = await suite.start(
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
  const { run, world } = await suite.start(
    new RunWorld([{ reply: calls('host-1'), tools: { 'host-1': failure('WorktreeLost') } }]),
    { rebuild: undefined },
  );
  expect(await run.result()).toMatchObject({ kind: 'lost' });
  expect(world.row.state).toBe('orphaned');
});

test('a newer writer of the tree ends the run as lost, without touching the tree', async () => {
  const { run, world } = await suite.start(
    new RunWorld([{ reply: calls('host-1'), tools: { 'host-1': failure('Superseded') } }]),
  );
  expect(await run.result()).toMatchObject({ kind: 'lost' });
  expect(world.trees).toEqual([]);
});

test('a worker that dies in a tool costs that turn and nothing else', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }, complete]);
  const { run } = await suite.start(world);
  await until(() => world.toolCalls.length === 1);
  await suite.rig.stopWorkers();
  await suite.rig.startWorkers();
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.modelCalls.map(({ turn }) => turn)).toEqual([0, 1]);
  expect(world.seals.map(({ lost }) => lost)).toEqual([true, false]);
});

test('a long run continues as new between turns with its mail and its log', async () => {
  const ask = {
    reply: calls('store-ask'),
    tools: { 'store-ask': { kind: 'asked', mailId: 'q1', of: 'ada' } },
  } as const;
  const last = {
    reply: calls('host-slow', 'store-complete'),
    tools: { 'host-slow': gate(), ...complete.tools },
  } as const;
  const turns = [...Array.from({ length: 6 }, () => ({ reply: calls('host-1') })), ask, last];
  const { run, world, heard } = await suite.start(new RunWorld(turns), { maxEvents: 20 });
  await run.signal(mailSignal, { mailId: 'early' });
  await until(async () => (await heard()).at(-1) === 'waiting');
  for (let index = 0; index < 8; index += 1) await run.signal(mailSignal, { mailId: `more-${index % 4}` });
  await run.signal(mailSignal, { mailId: 'early' });
  await run.signal(mailSignal, { mailId: 'a1', answers: 'q1' });
  await until(async () => (await heard()).at(-1) === 'running');
  openGate();
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  const first = suite.client.workflow.getHandle(run.workflowId, run.firstExecutionRunId, { followRuns: false });
  expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
  expect(world.modelCalls.map(({ turn }) => turn)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const delivered = world.modelCalls.flatMap(({ mailIds }) => mailIds);
  expect(delivered).toEqual(['early', 'more-0', 'more-1', 'more-2', 'more-3', 'a1']);
  expect(world.states()).toEqual(['running', 'waiting', 'running', 'completed']);
  expect(world.entries.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  expect((await heard()).filter((state, index, all) => state !== all[index - 1])).toEqual(world.states());
});
