import { expect, test } from '@jest/globals';
import { runStatusQuery, runStopSignal, runStopUpdate } from '../../workflows/contract/agent-run.js';
import { holdSignal, mailSignal, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { gate, openGate } from './support/gate.js';
import { refusal } from './support/refusal.js';
import { RunSuite } from './support/run-suite.js';
import { calls, complete, RunWorld } from './support/run-world.js';

const suite = RunSuite.use();

test('a limit holds the run and asks by mail; the answer lifts it once', async () => {
  const hit = { scope: 'run', what: 'money', spent: 5_000_000, limit: 5_000_000 } as const;
  const world = new RunWorld([{ reply: { kind: 'budget', hit } }, complete]);
  world.onModel = async () => {
    if (world.modelCalls.length === 2) world.skipScripted();
  };
  const { run } = await suite.start(world, { createdBy: 'ada', taskId: 'task-1' });
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
  const { run } = await suite.start(world);
  await until(() => world.toolCalls.length === 1);
  expect(await run.executeUpdate(pauseUpdate, { args: [{ by: 'ada' }] })).toMatchObject({
    state: 'paused',
    pausedBy: ['person'],
    waitingFor: 'a person to resume it',
  });
  openGate();
  await until(() => world.row.state === 'paused');
  await suite.rig.stopWorkers();
  await suite.rig.startWorkers();
  expect(world.toolCalls).toHaveLength(1);
  await run.executeUpdate(resumeUpdate, { args: [{ by: 'ada' }] });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['running', 'paused', 'running', 'completed']);
});

test('a completion of a paused run counts when it is resumed', async () => {
  const world = new RunWorld([
    { reply: calls('host-slow', 'store-complete'), tools: { 'host-slow': gate(), ...complete.tools } },
  ]);
  const { run } = await suite.start(world);
  await until(() => world.toolCalls.length === 1);
  await run.signal(holdSignal, { by: 'parent', on: true });
  openGate();
  await until(() => world.row.state === 'paused');
  await run.signal(holdSignal, { by: 'parent', on: false });
  expect(await run.result()).toMatchObject({ kind: 'completed' });
});

test('updates that do not fit the state are refused and leave nothing behind', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }, complete]);
  const { run } = await suite.start(world);
  await until(async () => world.toolCalls.length === 1 && (await run.query(runStatusQuery)).revision > 0);
  expect(await refusal(run.executeUpdate(resumeUpdate, { args: [{ by: 'ada' }] }))).toBe('InvalidState');
  for (const update of [pauseUpdate, resumeUpdate, runStopUpdate])
    expect(await refusal(run.executeUpdate(update, { args: [{ by: 'ada', expectedRevision: 0 }] }))).toBe(
      'StaleVersion',
    );
  await run.signal(holdSignal, { by: 'parent', on: true });
  expect(await refusal(run.executeUpdate(resumeUpdate, { args: [{ by: 'ada' }] }))).toBe('InvalidState');
  await run.executeUpdate(runStopUpdate, { args: [{ by: 'ada' }] });
  openGate();
  await run.result();
  expect(world.states()).toEqual(['running', 'paused', 'stopped']);
});

test('a stop ends the tool, seals the turn and ends the run', async () => {
  const world = new RunWorld([{ reply: calls('host-1', 'host-slow', 'host-3'), tools: { 'host-slow': gate() } }]);
  const { run } = await suite.start(world);
  await until(() => world.toolCalls.length === 2);
  await run.executeUpdate(runStopUpdate, { args: [{ by: 'ada' }] });
  expect(await run.result()).toMatchObject({ kind: 'stopped', by: 'ada', checkpointSha: 'checkpoint-0' });
  expect(world.seals).toMatchObject([{ callIds: ['host-1', 'host-slow', 'host-3'], lost: false }]);
  expect(world.row.state).toBe('stopped');
});

test('a stop for a cancelled parent ends even a paused run, as cancelled', async () => {
  const { run, world } = await suite.start(new RunWorld([complete]), { pausedBy: ['parent'] });
  await until(() => world.row.state === 'paused');
  await run.signal(runStopSignal, { by: 'ada', cancel: true });
  expect(await run.result()).toMatchObject({ kind: 'cancelled' });
  expect(world.modelCalls).toEqual([]);
  expect(world.states()).toEqual(['running', 'paused', 'cancelled']);
});

test('a cancellation in the Temporal UI ends the run in order', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }]);
  const { run } = await suite.start(world);
  await until(() => world.toolCalls.length === 1);
  await run.cancel();
  expect(await run.result()).toMatchObject({ kind: 'cancelled' });
  expect(world.seals).toHaveLength(1);
});

test('the deadline ends the turn, and time while paused does not count', async () => {
  const world = new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }]);
  world.facts = { deadlineMs: 1500 };
  const { run } = await suite.start(world);
  await run.signal(holdSignal, { by: 'parent', on: true });
  await until(() => world.row.state === 'paused');
  const pausedAt = Date.now();
  await until(() => Date.now() - pausedAt > 1600);
  await run.signal(holdSignal, { by: 'parent', on: false });
  await until(() => world.toolCalls.length === 1);
  expect(await run.result()).toMatchObject({ kind: 'timeout' });
  expect(world.states()).toEqual(['running', 'paused', 'running', 'timeout']);
});
