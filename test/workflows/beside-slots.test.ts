import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { BesideSlots } from '../../activities/engine/beside.js';
import { Failure } from '../../domain/failures.js';
import { failureInterceptor } from '../../workers/failure-interceptor.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

let env: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let stop: (() => Promise<void>) | undefined;
let runs = 0;

beforeAll(async () => {
  env = await createTestTemporal();
  const workflowsPath = fileURLToPath(new URL('./support/waiting.workflow.ts', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath });
});
afterAll(() => env.teardown());
afterEach(() => stop?.());

type Work = (name: string, signal: AbortSignal) => Promise<string>;

/** A worker with one slot for activities. */
async function worker(taskQueue: string, work: Work): Promise<() => Promise<void>> {
  const beside = new BesideSlots();
  const created = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle,
    activities: { waitFor: (name: string) => beside.carry((signal) => work(name, signal)) },
    maxConcurrentActivityTaskExecutions: 1,
    interceptors: { activity: [failureInterceptor] },
  });
  const running = created.run();
  return async () => {
    created.shutdown();
    await running;
    await beside.close();
  };
}

const start = (taskQueue: string, name: string): Promise<WorkflowHandle> =>
  env.client.workflow.start('waiting', { taskQueue, workflowId: `${taskQueue}/${name}`, args: [name] });
const queue = (): string => `waiting-${++runs}`;
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('three that wait for one another need one slot', async () => {
  const taskQueue = queue();
  const here = new Set<string>();
  stop = await worker(taskQueue, async (name) => {
    here.add(name);
    await until(() => here.size === 3);
    return `${name} is through`;
  });
  const handles = await Promise.all(['a', 'b', 'c'].map((name) => start(taskQueue, name)));
  expect(await Promise.all(handles.map((one) => one.result()))).toEqual([
    'a is through',
    'b is through',
    'c is through',
  ]);
});

test('a cancellation reaches the work, and the workflow waits for its end', async () => {
  const taskQueue = queue();
  const seen: string[] = [];
  stop = await worker(taskQueue, async (name, signal) => {
    seen.push(name);
    return await aborted(signal).finally(() => seen.push('ended'));
  });
  const handle = await start(taskQueue, 'a');
  await until(() => seen.length === 1);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
  expect(seen).toEqual(['a', 'ended']);
});

test('a failure arrives as its type says', async () => {
  const taskQueue = queue();
  stop = await worker(taskQueue, async () => {
    throw new Failure('PermissionDenied', 'not yours');
  });
  const error = await (await start(taskQueue, 'a')).result().catch((one: unknown) => one);
  const failure = (error as { readonly cause: unknown }).cause as ActivityFailure;
  expect(failure).toBeInstanceOf(ActivityFailure);
  expect(failure.cause).toBeInstanceOf(ApplicationFailure);
  expect(failure.cause).toMatchObject({ type: 'PermissionDenied', nonRetryable: true });
});

test('what a stopped worker waited for is taken up by the next one', async () => {
  const taskQueue = queue();
  let isWaiting = false;
  const first = await worker(taskQueue, (_, signal) => {
    isWaiting = true;
    return aborted(signal);
  });
  const handle = await start(taskQueue, 'a');
  await until(() => isWaiting);
  await first();
  stop = await worker(taskQueue, async () => 'by the second');
  expect(await handle.result()).toBe('by the second');
});
