import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  type AskAdmission,
  type FactoryInput,
  type FactoryWorkflow,
  factoryAgentCrashedSignal,
  factoryAskAdmissionSignal,
  factoryClearCrashLoopUpdate,
  factoryEndAdmissionSignal,
  factoryForgeHintedSignal,
  factoryPauseUpdate,
  factoryProjectChangedSignal,
  factorySetLimitsUpdate,
  factoryStatusQuery,
  factoryThawUpdate,
} from '../../workflows/contract/factory.js';
import { epicWorkflowId, FACTORY_WORKFLOW_ID, queueWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { FactoryWorld } from './support/factory-world.js';
import { endSignal, heardQuery } from './support/holder.workflow.js';
import { Rig } from './support/rig.js';

let world = new FactoryWorld();
/** The world changes with each test, the worker does not. */
const activities = Object.fromEntries(
  Object.keys(world.activities).map((name) => [
    name,
    (input: never) => (world.activities as unknown as Record<string, (input: never) => unknown>)[name]?.(input),
  ]),
);
const BY = { by: 'ada' };
const LIMITS = { maxEpics: 2, maxWorkers: 3 };
let rig: Rig;
let factory: WorkflowHandle<FactoryWorkflow>;
beforeAll(async () => {
  rig = await Rig.start('./factory.bundle.ts', activities, ['host-a']);
});
afterAll(() => rig.stop());
beforeEach(() => {
  world = new FactoryWorld();
});
afterEach(() => factory.terminate());

const start = async (input: Partial<FactoryInput> = {}): Promise<void> => {
  factory = await rig.env.client.workflow.start<FactoryWorkflow>('factory', {
    workflowId: FACTORY_WORKFLOW_ID,
    taskQueue: QUEUE.shared,
    args: [{ tuning: 'brisk', limits: LIMITS, ...input }],
  });
};

async function hold(workflowId: string) {
  const handle = await rig.env.client.workflow.start('holder', { workflowId, taskQueue: QUEUE.shared });
  return {
    workflowId,
    handle,
    heard: () => handle.query(heardQuery),
    ask: (wants: number, over: Partial<AskAdmission> = {}) =>
      factory.signal(factoryAskAdmissionSignal, { workflowId, priority: 3, wants, slots: 0, inUse: 0, ...over }),
  };
}
const anEpic = () => hold(epicWorkflowId(randomUUID()));
/** The factory's view changes before its words arrive: they are waited for, and then there is not one more. */
const hasHeard = async (holder: Awaited<ReturnType<typeof hold>>, words: readonly string[]): Promise<void> => {
  await until(async () => (await holder.heard()).length >= words.length);
  expect(await holder.heard()).toEqual(words);
};
const refusal = (update: Promise<unknown>): Promise<string> =>
  update.then(
    () => 'accepted',
    (error: unknown) =>
      error instanceof WorkflowUpdateFailedError ? String((error.cause as ApplicationFailure).type) : String(error),
  );
const slots = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await factory.query(factoryStatusQuery)).holders.map((one) => [one.workflowId, one.slots]));

test('epics and lone tasks share the workers, and each hears of its share when it changes', async () => {
  await start();
  const [first, second, third] = [await anEpic(), await anEpic(), await anEpic()];
  await first.ask(5);
  await until(async () => (await first.heard()).length === 1);
  await second.ask(5);
  await third.ask(5);
  await hasHeard(first, ['admitted 3', 'admitted 2']);
  // What it may have begun with the larger share counts until it has answered.
  await hasHeard(second, []);
  await first.ask(5, { heard: 2, slots: 2, inUse: 2 });
  await hasHeard(second, ['admitted 1']);
  await hasHeard(third, []);
  await factory.signal(factoryEndAdmissionSignal, { workflowId: first.workflowId });
  await hasHeard(second, ['admitted 1', 'admitted 2']);
  await hasHeard(third, ['admitted 1']);
});

test('a life that began anew is told its share again though it has not changed', async () => {
  await start();
  const epic = await anEpic();
  await epic.ask(2);
  await hasHeard(epic, ['admitted 2']);
  await epic.ask(2);
  await hasHeard(epic, ['admitted 2', 'admitted 2']);
});

test('a pause holds epics, lone tasks, queues and newcomers; a thaw lets all of them go on', async () => {
  await start();
  const [epic, lone, queue] = [
    await anEpic(),
    await hold(taskWorkflowId(randomUUID())),
    await hold(queueWorkflowId(randomUUID(), 'main')),
  ];
  await epic.ask(1);
  await lone.ask(1);
  await queue.ask(0);
  await hasHeard(epic, ['admitted 1']);
  await hasHeard(lone, ['admitted 1']);
  expect(await factory.executeUpdate(factoryPauseUpdate, { args: [BY] })).toMatchObject({ pausedBy: ['person'] });
  const late = await anEpic();
  await late.ask(0);
  await hasHeard(late, ['hold factory true']);
  expect(await refusal(factory.executeUpdate(factoryPauseUpdate, { args: [BY] }))).toBe('InvalidState');
  await factory.executeUpdate(factoryThawUpdate, { args: [BY] });
  const holds = ['hold factory true', 'hold factory false'];
  await hasHeard(epic, ['admitted 1', ...holds]);
  await hasHeard(lone, ['admitted 1', ...holds]);
  await hasHeard(queue, holds);
  await hasHeard(late, holds);
  expect(await refusal(factory.executeUpdate(factoryThawUpdate, { args: [BY] }))).toBe('InvalidState');
});

test('limits are set within their range, and shares follow', async () => {
  await start();
  const epic = await anEpic();
  await epic.ask(9);
  await hasHeard(epic, ['admitted 3']);
  for (const limits of [
    { maxEpics: 0, maxWorkers: 1 },
    { maxEpics: 1, maxWorkers: 1.5 },
  ])
    expect(await refusal(factory.executeUpdate(factorySetLimitsUpdate, { args: [{ ...BY, limits }] }))).toBe(
      'InvalidInput',
    );
  await factory.executeUpdate(factorySetLimitsUpdate, { args: [{ ...BY, limits: { maxEpics: 1, maxWorkers: 7 } }] });
  await hasHeard(epic, ['admitted 3', 'admitted 7']);
});

test('a sweep cleans hosts, repositories and store, and frees the slots of holders that have closed', async () => {
  await start({ sweepMs: 300 });
  const [ended, waiting] = [await anEpic(), await anEpic()];
  await ended.ask(3, { inUse: 3 });
  await until(async () => (await ended.heard()).length === 1);
  await waiting.ask(3);
  world.closed = [ended.workflowId];
  await until(async () => (await waiting.heard()).includes('admitted 3') && world.swept.includes('store'));
  expect(new Set(world.swept)).toEqual(new Set(['host-a', 'p-swept', 'store']));
  expect(await slots()).toEqual({ [waiting.workflowId]: 3 });
});

test('a holder whose workflow is gone when it is told loses its place at once', async () => {
  await start();
  const [gone, next] = [await anEpic(), await anEpic()];
  await gone.handle.signal(endSignal);
  await gone.handle.result();
  await gone.ask(3);
  await next.ask(3);
  await until(async () => (await next.heard()).includes('admitted 3'));
  expect(await slots()).toEqual({ [next.workflowId]: 3 });
});

test('an agent in a crash loop is known until a person clears it', async () => {
  await start();
  for (const agentId of ['a', 'a']) await factory.signal(factoryAgentCrashedSignal, { agentId });
  expect((await factory.query(factoryStatusQuery)).crashLoops).toEqual(['a']);
  const clear = (agentId: string) => factory.executeUpdate(factoryClearCrashLoopUpdate, { args: [{ ...BY, agentId }] });
  expect(await clear('a')).toMatchObject({ crashLoops: [] });
  await until(() => world.marks.length === 1);
  expect(world.marks).toMatchObject([{ agentId: 'a', state: 'IDLE' }]);
});

const changed = async (projectId: string): Promise<string> => {
  await factory.signal(factoryProjectChangedSignal, { projectId });
  return projectId;
};
const settled = (projectId: string): Promise<void> =>
  until(
    async () => (await factory.query(factoryStatusQuery)).projects.length === 0 && world.rowOf(projectId) !== undefined,
  );

test('a project is imported, inspected, checked on its tip, and ready', async () => {
  await start();
  const id = randomUUID();
  const queue = await hold(queueWorkflowId(id, 'main'));
  world.onImport = () => ({ moved: true });
  await settled(await changed(id));
  expect(world.rowOf(id)).toEqual({ projectId: id, state: 'ready', reason: null, baseBranch: 'main', tipSha: 'tip-1' });
  await hasHeard(queue, ['baseMoved']);
});

test('a project whose required checks fail on the tip is red, with their names', async () => {
  await start();
  world.onCheck = () => 'failed';
  const id = await changed(randomUUID());
  await settled(id);
  expect(world.rowOf(id)).toMatchObject({ state: 'red', reason: 'required checks fail on tip-1: unit (adds)' });
});

test('a source that cannot be imported or read is refused with the reason', async () => {
  await start();
  world.onImport = () => ApplicationFailure.nonRetryable('the repository is shallow', 'InvalidInput');
  const first = await changed(randomUUID());
  await settled(first);
  expect(world.rowOf(first)).toMatchObject({ state: 'refused', reason: 'the repository is shallow' });
  world.onImport = () => ({ moved: false });
  world.onInspect = () => ({ kind: 'refused', reason: 'millwright.yml:3: unknown key' });
  const second = await changed(randomUUID());
  await settled(second);
  expect(world.rowOf(second)).toMatchObject({ state: 'refused', reason: 'millwright.yml:3: unknown key' });
});

test('a source that diverged leaves the project as the forge has it, and says what to do', async () => {
  await start();
  const details = { reason: 'DIVERGED', branch: 'main', forge: 'forge-tip', source: 'x' };
  world.onImport = () =>
    ApplicationFailure.create({ message: 'run `git pull`', type: 'Conflict', nonRetryable: true, details: [details] });
  const id = await changed(randomUUID());
  await settled(id);
  expect(world.rowOf(id)).toMatchObject({ state: 'ready', reason: 'run `git pull`', tipSha: 'forge-tip' });
});

test('checks that cannot be run say so and are tried again', async () => {
  await start({ retryMs: 50 });
  world.onCheck = (count) => (count < 3 ? 'infra' : 'passed');
  const id = await changed(randomUUID());
  await settled(id);
  expect(world.projects.get(id)?.map(({ state }) => state)).toEqual(['importing', 'importing', 'ready']);
  expect(world.projects.get(id)?.[0]?.reason).toBe('the checks could not be run: unit: no sandbox');
});

test('a project that changes while it is worked on is worked on once more', async () => {
  await start();
  let go: (value: { moved: boolean }) => void = () => undefined;
  world.onImport = (_id, count) =>
    count === 1
      ? new Promise((resolve) => {
          go = resolve;
        })
      : { moved: false };
  const id = await changed(randomUUID());
  await until(() => world.imports.length === 1);
  await changed(id);
  await changed(id);
  go({ moved: false });
  await settled(id);
  expect(world.imports).toEqual([id, id]);
});

test('it goes on for ever in new histories, losing no message', async () => {
  await start({ maxEvents: 20, sweepMs: 200 });
  const epics = await Promise.all(Array.from({ length: 6 }, anEpic));
  const firstRun = (await factory.describe()).runId;
  await Promise.all(epics.map((epic) => epic.ask(1)));
  await factory.executeUpdate(factorySetLimitsUpdate, { args: [{ ...BY, limits: { maxEpics: 6, maxWorkers: 6 } }] });
  await until(async () => Object.values(await slots()).filter((one) => one === 1).length === 6);
  await until(async () => (await factory.describe()).runId !== firstRun);
  expect(Object.keys(await slots())).toHaveLength(6);
  for (const epic of epics) await hasHeard(epic, ['admitted 1']);
});

test('what is said while no worker runs is done by the next one', async () => {
  await start();
  const epic = await anEpic();
  await epic.ask(1);
  await hasHeard(epic, ['admitted 1']);
  await rig.stopWorkers();
  const id = await changed(randomUUID());
  await epic.ask(2);
  await rig.startWorkers();
  await settled(id);
  await hasHeard(epic, ['admitted 1', 'admitted 2']);
  expect(world.rowOf(id)).toMatchObject({ state: 'ready' });
});

test('a project of a forge that others use is looked at again and again, and at once when a delivery comes', async () => {
  world.onImport = () => ({ moved: false, isShared: true });
  world.onLook = () => 'open';
  await start({ lookEvery: { openMs: 200, idleMs: 3_600_000 } });
  await factory.signal(factoryProjectChangedSignal, { projectId: 'p' });
  await until(() => world.looks.length >= 3);
  expect(new Set(world.looks)).toEqual(new Set(['everything p']));
  world.onLook = () => 'idle';
  await factory.signal(factoryForgeHintedSignal, { projectId: 'p' });
  await until(() => world.looks.includes('hints p'));
  world.onLook = () => 'gone';
  await factory.signal(factoryForgeHintedSignal, { projectId: 'p' });
  await until(async () => (await factory.query(factoryStatusQuery)).forges.length === 0);
});

test('a forge that the rows name is looked at after the engine has lost everything', async () => {
  await start({ restored: { isPaused: false, crashLoops: [], projects: [], forges: ['p'] } });
  await until(() => world.looks.includes('everything p'));
});

test('projects that wait for others to be checked let the clock alone', async () => {
  let go = (): void => undefined;
  const gate = new Promise<{ moved: boolean }>((resolve) => {
    go = () => resolve({ moved: false });
  });
  world.onImport = () => gate;
  await start();
  for (const projectId of ['a', 'b', 'c', 'd']) await factory.signal(factoryProjectChangedSignal, { projectId });
  await until(() => world.imports.length === 3);
  const before = (await factory.describe()).historyLength;
  for (let asked = 0; asked < 50; asked += 1) await factory.query(factoryStatusQuery);
  expect((await factory.describe()).historyLength - before).toBeLessThan(20);
  go();
  await until(() => world.rowOf('d') !== undefined);
});

test('what it does in between sets no second timer beside the one that wakes it', async () => {
  await start({ sweepMs: 3_600_000 });
  const epic = await anEpic();
  const words = [1, 2, 3, 2, 1].map((wants) => ({ wants, word: `admitted ${wants}` }));
  for (const [at, { wants }] of words.entries()) {
    await epic.ask(wants);
    await hasHeard(
      epic,
      words.slice(0, at + 1).map(({ word }) => word),
    );
  }
  const { events } = await factory.fetchHistory();
  expect((events ?? []).filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes)).toHaveLength(1);
});
