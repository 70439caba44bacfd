import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { TestApi } from '../support/api/api.js';
import {
  rowsOf,
  seedAgent,
  seedEntry,
  seedEpic,
  seedLane,
  seedProject,
  seedRun,
  seedTask,
} from '../support/api/seed.js';
import type { Told } from '../support/api/stub-workflows.js';
import { createTestTemporal } from '../support/temporal.js';

let temporal: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let api: TestApi;
let projectId: string;

beforeAll(async () => {
  temporal = await createTestTemporal({ searchAttributes: Object.values(SEARCH_ATTRIBUTE) });
  worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: QUEUE.shared,
    workflowsPath: join(import.meta.dirname, '../support/api/stub-workflows.ts'),
  });
  running = worker.run();
  api = await TestApi.start({ temporal: { address: temporal.address, namespace: 'default' } });
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api?.stop();
  // The last test has stopped it already, unless an earlier one failed.
  if (worker?.getState() === 'RUNNING') worker.shutdown();
  await running;
  await temporal?.teardown();
});

const start = (type: string, workflowId: string, refusals: readonly string[] = []) =>
  temporal.client.workflow.start(type, { workflowId, taskQueue: QUEUE.shared, args: [{ refusals }] });

const toldTo = (workflowId: string): Promise<readonly Told[]> =>
  temporal.client.workflow.getHandle(workflowId).query<readonly Told[]>('told');

const humanActs = async (filter: string): Promise<readonly string[]> =>
  (await api.get(`/api/v1/decisions?kind=human&${filter}`)).body.items.map(
    (item: { decision: string }) => item.decision,
  );

test.each(['pause', 'resume', 'land', 'retry', 'cancel'])(
  'an epic is told to %s, and the act is written down',
  async (verb) => {
    const epic = await seedEpic(api.database, projectId, { revision: 3 });
    await start('epic', `epic/${epic}`);
    const { status, headers, body } = await api.post(
      `/api/v1/epics/${epic}/${verb}`,
      { reason: 'Because.' },
      { key: api.keys.lead },
    );
    expect([status, body.waitingFor, headers.get('etag')]).toEqual([200, 'a test', '"1.4"']);
    expect(body.pausedBy).toEqual(verb === 'pause' ? ['person'] : []);
    if (verb !== 'cancel') {
      const name = verb === 'retry' ? 'retryFailed' : verb;
      expect(await toldTo(`epic/${epic}`)).toEqual([{ name, command: { by: 'lea', reason: 'Because.' } }]);
    }
    expect(await humanActs(`epicId=${epic}`)).toEqual([`epic.${verb}`]);
    const [audit] = await rowsOf<{ n: number }>(api.database, 'SELECT count(*) AS n FROM audit WHERE object = $1', [
      `epic/${epic}`,
    ]);
    expect(audit?.n).toBe(1);
  },
);

test('an old ETag is refused by the workflow, whose revision is the newest', async () => {
  const epic = await seedEpic(api.database, projectId, { revision: 3 });
  await start('epic', `epic/${epic}`);
  const pause = (tag: string) => api.post(`/api/v1/epics/${epic}/pause`, {}, { headers: { 'if-match': tag } });
  expect((await pause('"1.3"')).status).toBe(200);
  const stale = await pause('"1.3"');
  expect([stale.status, stale.body.code]).toEqual([412, 'StaleVersion']);
  expect((await pause('"2.4"')).status).toBe(412);
  expect((await pause('"1.4"')).status).toBe(200);
  expect(await humanActs(`epicId=${epic}`)).toHaveLength(2);
});

test('what the workflow refuses is refused in its words, and nothing is written down', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`, ['land']);
  const { status, body } = await api.post(`/api/v1/epics/${epic}/land`);
  expect([status, body.code, body.detail]).toEqual([409, 'InvalidState', 'Not now.']);
  expect(await humanActs(`epicId=${epic}`)).toEqual([]);
});

test('a command sent twice with one key is carried out once', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`);
  const pause = () => api.post(`/api/v1/epics/${epic}/pause`, {}, { headers: { 'idempotency-key': `pause-${epic}` } });
  const first = await pause();
  // The answer was lost with the process: the repeat goes to the workflow again, under the same update id.
  await rowsOf(api.database, 'DELETE FROM idempotency_key WHERE key = $1', [`pause-${epic}`]);
  const second = await pause();
  expect(second.body).toEqual(first.body);
  expect(await toldTo(`epic/${epic}`)).toHaveLength(1);
  expect(await humanActs(`epicId=${epic}`)).toEqual(['epic.pause']);
});

test('an epic whose workflow is not there has ended, or is about to start', async () => {
  const done = await seedEpic(api.database, projectId, { state: 'COMPLETED' });
  const ended = await api.post(`/api/v1/epics/${done}/pause`);
  expect([ended.status, ended.body.code]).toEqual([409, 'InvalidState']);
  const fresh = await seedEpic(api.database, projectId);
  const early = await api.post(`/api/v1/epics/${fresh}/pause`);
  expect([early.status, early.body.code, early.headers.get('retry-after')]).toEqual([503, 'Unavailable', '1']);
});

test('a task without a workflow says what to do instead, and is not to be asked again soon', async () => {
  const epic = await seedEpic(api.database, projectId);
  const answers: string[] = [];
  for (const state of ['PENDING', 'FAILED', 'COMPLETED']) {
    const task = await seedTask(api.database, projectId, { epic_id: epic, state });
    const { status, body } = await api.post(`/api/v1/tasks/${task}/pause`);
    answers.push(`${status} ${body.detail}`);
  }
  expect(answers).toEqual([
    '409 The task has not begun: its epic starts it in its turn. Pause the epic, or cancel the task.',
    '409 The task has failed: retry it.',
    '409 The task has ended.',
  ]);
  const alone = await api.post(`/api/v1/tasks/${await seedTask(api.database, projectId)}/pause`);
  expect([alone.status, alone.headers.get('retry-after')]).toEqual([503, '1']);
});

const plan = (key: string) => ({ tasks: [{ key, title: key, description: key }] });

test('a plan is stored as the next version, and only its number travels', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`);
  const put = (key: string) => api.call('PUT', `/api/v1/epics/${epic}/plan`, { body: plan(key) });
  expect((await put('a')).body).toMatchObject({ version: 1, origin: 'given' });
  expect((await put('b')).body).toMatchObject({ version: 2, origin: 'edited' });
  expect(await toldTo(`epic/${epic}`)).toEqual([
    { name: 'editPlan', command: { by: 'ada', planVersion: 1 } },
    { name: 'editPlan', command: { by: 'ada', planVersion: 2 } },
  ]);
  const approved = await api.post(`/api/v1/epics/${epic}/approve`, {});
  expect(approved.status).toBe(200);
  expect((await toldTo(`epic/${epic}`)).at(-1)).toEqual({
    name: 'approvePlan',
    command: { by: 'ada', planVersion: 2 },
  });
});

test('a plan that the epic refuses is not kept', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`, ['editPlan']);
  const { status } = await api.call('PUT', `/api/v1/epics/${epic}/plan`, { body: plan('a') });
  expect(status).toBe(409);
  expect((await api.get(`/api/v1/epics/${epic}/plan`)).status).toBe(404);
  expect((await api.post(`/api/v1/epics/${epic}/approve`)).status).toBe(409);
});

test('a task is added to an epic that takes it, and taken back from one that does not', async () => {
  const epic = await seedEpic(api.database, projectId, { priority: 2 });
  await start('epic', `epic/${epic}`);
  const { status, body } = await api.post(`/api/v1/epics/${epic}/tasks`, { title: 'One more' });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    epicId: epic,
    priority: 2,
    state: 'PENDING',
    branch: expect.stringMatching(/^millwright\/one-more-/),
  });
  expect(await toldTo(`epic/${epic}`)).toEqual([{ name: 'addTask', command: { by: 'ada', taskId: body.id } }]);
  const strict = await seedEpic(api.database, projectId);
  await start('epic', `epic/${strict}`, ['addTask']);
  expect((await api.post(`/api/v1/epics/${strict}/tasks`, { title: 'No' })).status).toBe(409);
  expect((await api.get(`/api/v1/epics/${strict}/tasks`)).body.items).toEqual([]);
});

test('a task with an open workflow is told itself', async () => {
  const task = await seedTask(api.database, projectId, { state: 'IN_PROGRESS' });
  await start('task', `task/${task}`);
  const { body } = await api.post(`/api/v1/tasks/${task}/pause`, { reason: 'Wait.' });
  expect(body.pausedBy).toEqual(['person']);
  expect((await api.post(`/api/v1/tasks/${task}/resume`)).body.pausedBy).toEqual([]);
  expect((await api.post(`/api/v1/tasks/${task}/cancel`)).body.state).toBe('CANCELLED');
  expect(await humanActs(`taskId=${task}`)).toEqual(['task.cancel', 'task.resume', 'task.pause']);
});

test('a task of an epic without a workflow of its own is told through its epic', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`);
  const task = await seedTask(api.database, projectId, { epic_id: epic, state: 'FAILED' });
  expect((await api.post(`/api/v1/tasks/${task}/retry`)).status).toBe(200);
  expect((await api.post(`/api/v1/tasks/${task}/cancel`)).status).toBe(200);
  expect(await toldTo(`epic/${epic}`)).toEqual([
    { name: 'retryTask', command: { by: 'ada', taskId: task } },
    { name: 'cancelTask', command: { by: 'ada', taskId: task } },
  ]);
  expect((await api.post(`/api/v1/tasks/${task}/pause`)).status).toBe(409);
});

test('a failed lone task is retried in one transaction with the request to start it again', async () => {
  const task = await seedTask(api.database, projectId, { state: 'FAILED', failure_reason: 'Red.', attempts: 2 });
  const retry = () => api.post(`/api/v1/tasks/${task}/retry`);
  const { body } = await retry();
  expect(body).toMatchObject({ state: 'PENDING', attempts: 3, failureReason: null, revision: 1 });
  const [start] = await rowsOf(api.database, 'SELECT kind, name, args, options FROM outbox WHERE workflow_id = $1', [
    `task/${task}`,
  ]);
  expect(start).toMatchObject({
    kind: 'start',
    name: 'task',
    args: [{ taskId: task, attempt: 3, tuning: 'brisk' }],
    options: { reuse: 'allow_duplicate', attempts: 3 },
  });
  expect((await retry()).status).toBe(409);
  const last = await seedTask(api.database, projectId, { state: 'FAILED', attempts: 5 });
  expect((await api.post(`/api/v1/tasks/${last}/retry`)).status).toBe(409);
});

test('a lone task that has no workflow yet can be cancelled, one that has ended cannot', async () => {
  const task = await seedTask(api.database, projectId);
  expect((await api.post(`/api/v1/tasks/${task}/cancel`)).body).toMatchObject({ state: 'CANCELLED', revision: 1 });
  const kinds = (await api.get(`/api/v1/decisions?taskId=${task}`)).body.items.map((d: { kind: string }) => d.kind);
  expect(kinds.sort()).toEqual(['human', 'transition']);
  const done = await seedTask(api.database, projectId, { state: 'COMPLETED' });
  expect((await api.post(`/api/v1/tasks/${done}/cancel`)).status).toBe(409);
});

test('a run is paused, resumed and stopped', async () => {
  const agentId = await seedAgent(api.database, 'a-worker');
  const run = await seedRun(api.database, { projectId, agentId });
  await start('agentRun', `run/${run}`);
  for (const verb of ['pause', 'resume', 'stop']) {
    expect([verb, (await api.post(`/api/v1/runs/${run}/${verb}`)).status]).toEqual([verb, 200]);
  }
  expect((await toldTo(`run/${run}`)).map(({ name }) => name)).toEqual(['pause', 'resume', 'stop']);
  const over = await seedRun(api.database, { projectId, agentId }, { state: 'completed' });
  expect((await api.post(`/api/v1/runs/${over}/stop`)).status).toBe(409);
});

test('a queue whose epic is still being planned takes no pause, which it could not keep', async () => {
  const branch = 'millwright/epic/to-come';
  await seedEpic(api.database, projectId, { branch, phase: 'planning' });
  const path = `/api/v1/queues/${projectId}/${encodeURIComponent(branch)}/pause`;
  const { status, body } = await api.post(path, { reason: 'x' });
  expect([status, body.detail]).toEqual([
    409,
    'The epic is still being planned and nothing lands yet: pause the epic.',
  ]);
});

test('a resting queue is started by a pause, which then holds; an open ends it', async () => {
  const path = `/api/v1/queues/${projectId}/main`;
  expect((await api.get(path)).status).toBe(404);
  const paused = await api.post(`${path}/pause`, { reason: 'Release.' }, { key: api.keys.lead });
  expect(paused.body).toMatchObject({ isRunning: true, lane: { mode: 'paused', by: 'lea', reason: 'Release.' } });
  expect((await api.get(path)).body.lane.mode).toBe('paused');
  expect((await api.post(`${path}/pause`, { mode: 'drain', reason: 'Rest.' })).body.lane.mode).toBe('draining');
  expect((await api.post(`${path}/open`)).body.lane.mode).toBe('open');
  expect(await humanActs(`projectId=${projectId}&limit=3`)).toEqual(['queue.open', 'queue.drain', 'queue.pause']);
  expect((await api.post(`/api/v1/queues/${projectId}/nothing-lands-here/pause`, { reason: 'x' })).status).toBe(404);
});

test('an entry is explained, moved and withdrawn; only an admin says that it fixes the base', async () => {
  const branch = 'release/1.0';
  await seedLane(api.database, projectId, { branch });
  const entry = await seedEntry(api.database, projectId, { branch });
  const path = `/api/v1/queues/${projectId}/${encodeURIComponent(branch)}`;
  expect((await api.get(path)).body).toMatchObject({ isRunning: false, branch, entries: [] });
  const at = `/api/v1/queues/entries/${entry}`;
  expect((await api.post(`${at}/withdraw`)).status).toBe(409);
  await temporal.client.workflow.start('mergeQueue', {
    workflowId: `merge-queue/${projectId}/${branch}`,
    taskQueue: QUEUE.shared,
    args: [{ projectId, branch }],
  });
  expect((await api.get(`${at}/why`)).body).toMatchObject({ text: 'It waits for a slot.', state: 'queued' });
  const move = { priority: 2, fixesBase: true, reason: 'It repairs main.' };
  expect((await api.post(`${at}/reprioritise`, move, { key: api.keys.lead })).status).toBe(403);
  expect((await api.post(`${at}/reprioritise`, move)).status).toBe(200);
  expect((await api.post(`${at}/withdraw`, { reason: 'Not now.' })).status).toBe(200);
  expect(await toldTo(`merge-queue/${projectId}/${branch}`)).toEqual([
    { name: 'reprioritise', command: { entryId: entry, by: 'ada', ...move } },
    { name: 'withdraw', command: { entryId: entry, by: 'ada', reason: 'Not now.' } },
  ]);
});

test('an entry that has ended says how', async () => {
  const landed = await seedEntry(api.database, projectId, {
    branch: 'gone',
    state: 'landed',
    landed_sha: 'd'.repeat(40),
  });
  const { body } = await api.get(`/api/v1/queues/entries/${landed}/why`);
  expect(body).toEqual({ text: 'It has landed as dddddddddddd.', state: 'landed', entry: null, builds: [] });
});

test('everything is held and let go again', async () => {
  const absent = await api.get('/api/v1/control');
  expect([absent.status, absent.body.code]).toEqual([503, 'Unavailable']);
  await start('factory', 'factory');
  expect((await api.post('/api/v1/control/pause', { reason: 'Stop.' })).body.pausedBy).toEqual(['person']);
  expect((await api.get('/api/v1/control')).body.pausedBy).toEqual(['person']);
  expect((await api.post('/api/v1/control/thaw')).body.pausedBy).toEqual([]);
});

test('an agent in a crash loop is cleared by an admin, which is logged; one that is in none is not', async () => {
  const [failed, idle] = [
    await seedAgent(api.database, 'crasher', { state: 'FAILED' }),
    await seedAgent(api.database, 'steady'),
  ];
  const clear = (id: string, key = api.keys.admin) =>
    api.post(`/api/v1/agents/${id}/clear-crashes`, { reason: 'Mended.' }, { key });
  expect((await clear(failed, api.keys.lead)).status).toBe(403);
  expect((await clear(failed)).body).toMatchObject({ id: failed, name: 'crasher' });
  expect((await clear(idle)).body).toMatchObject({
    code: 'InvalidState',
    detail: 'The agent steady is in no crash loop.',
  });
  const acts = await rowsOf(
    api.database,
    `SELECT title, reasoning FROM decision WHERE decision = 'agent.clear-crashes'`,
  );
  expect(acts).toEqual([{ title: 'Agent crasher cleared', reasoning: 'Mended.' }]);
  expect(await rowsOf(api.database, `SELECT object FROM audit WHERE what = 'agent.clear-crashes'`)).toEqual([
    { object: `agent/${failed}` },
  ]);
});

test('ready means that the database, Temporal and a worker answer', async () => {
  const { status, body } = await api.get('/api/v1/health/ready');
  expect([status, body]).toEqual([
    200,
    { status: 'up', parts: { postgres: { status: 'up' }, temporal: { status: 'up' }, worker: { status: 'up' } } },
  ]);
});

test('without a worker a command is answered 503 in bounded time, and the epic itself is accepted', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`);
  worker.shutdown();
  await running;
  const { status, headers, body } = await api.post(`/api/v1/epics/${epic}/pause`);
  expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'Unavailable', '2']);
  expect((await api.post('/api/v1/epics', { projectId, title: 'Accepted' })).status).toBe(201);
});
