import { expect, test } from '@jest/globals';
import { EngineSuite } from '../support/api/engine-suite.js';
import { rowsOf, seedAgent, seedEpic, seedRun, seedTask } from '../support/api/seed.js';

const suite = EngineSuite.use();
const { humanActs, start, toldTo } = suite;

test('a task without a workflow says what to do instead, and is not to be asked again soon', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  const answers: string[] = [];
  for (const state of ['PENDING', 'FAILED', 'COMPLETED']) {
    const task = await seedTask(suite.database, suite.projectId, { epic_id: epic, state });
    const { status, body } = await suite.api.post(`/api/v1/tasks/${task}/pause`);
    answers.push(`${status} ${body.detail}`);
  }
  expect(answers).toEqual([
    '409 The task has not begun: its epic starts it in its turn. Pause the epic, or cancel the task.',
    '409 The task has failed: retry it.',
    '409 The task has ended.',
  ]);
  const alone = await suite.api.post(`/api/v1/tasks/${await seedTask(suite.database, suite.projectId)}/pause`);
  expect([alone.status, alone.headers.get('retry-after')]).toEqual([503, '1']);
});

test('a task with an open workflow is told itself', async () => {
  const task = await seedTask(suite.database, suite.projectId, { state: 'IN_PROGRESS' });
  await start('task', `task/${task}`);
  const { body } = await suite.api.post(`/api/v1/tasks/${task}/pause`, { reason: 'Wait.' });
  expect(body.pausedBy).toEqual(['person']);
  expect((await suite.api.post(`/api/v1/tasks/${task}/resume`)).body.pausedBy).toEqual([]);
  expect((await suite.api.post(`/api/v1/tasks/${task}/cancel`)).body.state).toBe('CANCELLED');
  expect(await humanActs(`taskId=${task}`)).toEqual(['task.cancel', 'task.resume', 'task.pause']);
});

test('a task of an epic without a workflow of its own is told through its epic', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${epic}`);
  const task = await seedTask(suite.database, suite.projectId, { epic_id: epic, state: 'FAILED' });
  expect((await suite.api.post(`/api/v1/tasks/${task}/retry`)).status).toBe(200);
  expect((await suite.api.post(`/api/v1/tasks/${task}/cancel`)).status).toBe(200);
  expect(await toldTo(`epic/${epic}`)).toEqual([
    { name: 'retryTask', command: { by: 'ada', taskId: task } },
    { name: 'cancelTask', command: { by: 'ada', taskId: task } },
  ]);
  expect((await suite.api.post(`/api/v1/tasks/${task}/pause`)).status).toBe(409);
});

test('a failed lone task is retried in one transaction with the request to start it again', async () => {
  const task = await seedTask(suite.database, suite.projectId, {
    state: 'FAILED',
    failure_reason: 'Red.',
    attempts: 2,
  });
  const retry = () => suite.api.post(`/api/v1/tasks/${task}/retry`);
  const { body } = await retry();
  expect(body).toMatchObject({ state: 'PENDING', attempts: 3, failureReason: null, revision: 1 });
  const [start] = await rowsOf(suite.database, 'SELECT kind, name, args, options FROM outbox WHERE workflow_id = $1', [
    `task/${task}`,
  ]);
  expect(start).toMatchObject({
    kind: 'start',
    name: 'task',
    args: [{ taskId: task, attempt: 3, tuning: 'brisk' }],
    options: { reuse: 'allow_duplicate', attempts: 3 },
  });
  expect((await retry()).status).toBe(409);
});

test('a lone task that has had all its attempts gets one more by each retry of a person', async () => {
  const task = await seedTask(suite.database, suite.projectId, { state: 'FAILED', attempts: 5 });
  expect(await suite.api.post(`/api/v1/tasks/${task}/retry`)).toMatchObject({
    status: 200,
    body: { state: 'PENDING', attempts: 6 },
  });
});

test('a lone task that has no workflow yet can be cancelled, one that has ended cannot', async () => {
  const task = await seedTask(suite.database, suite.projectId);
  expect((await suite.api.post(`/api/v1/tasks/${task}/cancel`)).body).toMatchObject({
    state: 'CANCELLED',
    revision: 1,
  });
  const kinds = (await suite.api.get(`/api/v1/decisions?taskId=${task}`)).body.items.map(
    (d: { kind: string }) => d.kind,
  );
  expect(kinds.sort()).toEqual(['human', 'transition']);
  const done = await seedTask(suite.database, suite.projectId, { state: 'COMPLETED' });
  expect((await suite.api.post(`/api/v1/tasks/${done}/cancel`)).status).toBe(409);
});

test('a run is paused, resumed and stopped', async () => {
  const agentId = await seedAgent(suite.database, 'a-worker');
  const run = await seedRun(suite.database, { projectId: suite.projectId, agentId });
  await start('agentRun', `run/${run}`);
  for (const verb of ['pause', 'resume', 'stop']) {
    expect([verb, (await suite.api.post(`/api/v1/runs/${run}/${verb}`)).status]).toEqual([verb, 200]);
  }
  expect((await toldTo(`run/${run}`)).map(({ name }) => name)).toEqual(['pause', 'resume', 'stop']);
  const over = await seedRun(suite.database, { projectId: suite.projectId, agentId }, { state: 'completed' });
  expect((await suite.api.post(`/api/v1/runs/${over}/stop`)).status).toBe(409);
});
