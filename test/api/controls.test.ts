import { expect, test } from '@jest/globals';
import { EngineSuite } from '../support/api/engine-suite.js';
import { rowsOf, seedAgent, seedEpic } from '../support/api/seed.js';

const suite = EngineSuite.use();
const { humanActs, start, stopWorker, toldTo } = suite;

test.each(['pause', 'resume', 'land', 'retry', 'cancel'])(
  'an epic is told to %s, and the act is written down',
  async (verb) => {
    const epic = await seedEpic(suite.database, suite.projectId, { revision: 3 });
    await start('epic', `epic/${epic}`);
    const { status, headers, body } = await suite.api.post(
      `/api/v1/epics/${epic}/${verb}`,
      { reason: 'Because.' },
      { key: suite.api.keys.lead },
    );
    expect([status, body.waitingFor, headers.get('etag')]).toEqual([200, 'a test', '"1.4"']);
    expect(body.pausedBy).toEqual(verb === 'pause' ? ['person'] : []);
    if (verb !== 'cancel') {
      const name = verb === 'retry' ? 'retryFailed' : verb;
      expect(await toldTo(`epic/${epic}`)).toEqual([{ name, command: { by: 'lea', reason: 'Because.' } }]);
    }
    expect(await humanActs(`epicId=${epic}`)).toEqual([`epic.${verb}`]);
    const [audit] = await rowsOf<{ n: number }>(suite.database, 'SELECT count(*) AS n FROM audit WHERE object = $1', [
      `epic/${epic}`,
    ]);
    expect(audit?.n).toBe(1);
  },
);

test('an old ETag is refused by the workflow, whose revision is the newest', async () => {
  const epic = await seedEpic(suite.database, suite.projectId, { revision: 3 });
  await start('epic', `epic/${epic}`);
  const pause = (tag: string) => suite.api.post(`/api/v1/epics/${epic}/pause`, {}, { headers: { 'if-match': tag } });
  expect((await pause('"1.3"')).status).toBe(200);
  const stale = await pause('"1.3"');
  expect([stale.status, stale.body.code]).toEqual([412, 'StaleVersion']);
  expect((await pause('"2.4"')).status).toBe(412);
  expect((await pause('"1.4"')).status).toBe(200);
  expect(await humanActs(`epicId=${epic}`)).toHaveLength(2);
});

test('what the workflow refuses is refused in its words, and nothing is written down', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${epic}`, ['land']);
  const { status, body } = await suite.api.post(`/api/v1/epics/${epic}/land`);
  expect([status, body.code, body.detail]).toEqual([409, 'InvalidState', 'Not now.']);
  expect(await humanActs(`epicId=${epic}`)).toEqual([]);
});

test('a command sent twice with one key is carried out once', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${epic}`);
  const pause = () =>
    suite.api.post(`/api/v1/epics/${epic}/pause`, {}, { headers: { 'idempotency-key': `pause-${epic}` } });
  const first = await pause();
  // The answer was lost with the process: the repeat goes to the workflow again, under the same update id.
  await rowsOf(suite.database, 'DELETE FROM idempotency_key WHERE key = $1', [`pause-${epic}`]);
  const second = await pause();
  expect(second.body).toEqual(first.body);
  expect(await toldTo(`epic/${epic}`)).toHaveLength(1);
  expect(await humanActs(`epicId=${epic}`)).toEqual(['epic.pause']);
});

test('an epic whose workflow is not there has ended, or is about to start', async () => {
  const done = await seedEpic(suite.database, suite.projectId, { state: 'COMPLETED' });
  const ended = await suite.api.post(`/api/v1/epics/${done}/pause`);
  expect([ended.status, ended.body.code]).toEqual([409, 'InvalidState']);
  const fresh = await seedEpic(suite.database, suite.projectId);
  const early = await suite.api.post(`/api/v1/epics/${fresh}/pause`);
  expect([early.status, early.body.code, early.headers.get('retry-after')]).toEqual([503, 'Unavailable', '1']);
});

const plan = (key: string) => ({ tasks: [{ key, title: key, description: key }] });

test('a plan is stored as the next version, and only its number travels', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${epic}`);
  const put = (key: string) => suite.api.call('PUT', `/api/v1/epics/${epic}/plan`, { body: plan(key) });
  expect((await put('a')).body).toMatchObject({ version: 1, origin: 'given' });
  expect((await put('b')).body).toMatchObject({ version: 2, origin: 'edited' });
  expect(await toldTo(`epic/${epic}`)).toEqual([
    { name: 'editPlan', command: { by: 'ada', planVersion: 1 } },
    { name: 'editPlan', command: { by: 'ada', planVersion: 2 } },
  ]);
  const approved = await suite.api.post(`/api/v1/epics/${epic}/approve`, {});
  expect(approved.status).toBe(200);
  expect((await toldTo(`epic/${epic}`)).at(-1)).toEqual({
    name: 'approvePlan',
    command: { by: 'ada', planVersion: 2 },
  });
});

test('a plan that the epic refuses is not kept', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${epic}`, ['editPlan']);
  const { status } = await suite.api.call('PUT', `/api/v1/epics/${epic}/plan`, { body: plan('a') });
  expect(status).toBe(409);
  expect((await suite.api.get(`/api/v1/epics/${epic}/plan`)).status).toBe(404);
  expect((await suite.api.post(`/api/v1/epics/${epic}/approve`)).status).toBe(409);
});

test('a task is added to an epic that takes it, and taken back from one that does not', async () => {
  const epic = await seedEpic(suite.database, suite.projectId, { priority: 2 });
  await start('epic', `epic/${epic}`);
  const { status, body } = await suite.api.post(`/api/v1/epics/${epic}/tasks`, { title: 'One more' });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    epicId: epic,
    priority: 2,
    state: 'PENDING',
    branch: expect.stringMatching(/^millwright\/one-more-/),
  });
  expect(await toldTo(`epic/${epic}`)).toEqual([{ name: 'addTask', command: { by: 'ada', taskId: body.id } }]);
  const strict = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${strict}`, ['addTask']);
  expect((await suite.api.post(`/api/v1/epics/${strict}/tasks`, { title: 'No' })).status).toBe(409);
  expect((await suite.api.get(`/api/v1/epics/${strict}/tasks`)).body.items).toEqual([]);
});

test('everything is held and let go again', async () => {
  const absent = await suite.api.get('/api/v1/control');
  expect([absent.status, absent.body.code]).toEqual([503, 'Unavailable']);
  await start('factory', 'factory');
  expect((await suite.api.post('/api/v1/control/pause', { reason: 'Stop.' })).body.pausedBy).toEqual(['person']);
  expect((await suite.api.get('/api/v1/control')).body.pausedBy).toEqual(['person']);
  expect((await suite.api.post('/api/v1/control/thaw')).body.pausedBy).toEqual([]);
});

test('an agent in a crash loop is cleared by an admin, which is logged; one that is in none is not', async () => {
  const [failed, idle] = [
    await seedAgent(suite.database, 'crasher', { state: 'FAILED' }),
    await seedAgent(suite.database, 'steady'),
  ];
  const clear = (id: string, key = suite.api.keys.admin) =>
    suite.api.post(`/api/v1/agents/${id}/clear-crashes`, { reason: 'Mended.' }, { key });
  expect((await clear(failed, suite.api.keys.lead)).status).toBe(403);
  expect((await clear(failed)).body).toMatchObject({ id: failed, name: 'crasher' });
  expect((await clear(idle)).body).toMatchObject({
    code: 'InvalidState',
    detail: 'The agent steady is in no crash loop.',
  });
  const acts = await rowsOf(
    suite.database,
    `SELECT title, reasoning FROM decision WHERE decision = 'agent.clear-crashes'`,
  );
  expect(acts).toEqual([{ title: 'Agent crasher cleared', reasoning: 'Mended.' }]);
  expect(await rowsOf(suite.database, `SELECT object FROM audit WHERE what = 'agent.clear-crashes'`)).toEqual([
    { object: `agent/${failed}` },
  ]);
});

test('ready means that the database, Temporal and a worker answer', async () => {
  const { status, body } = await suite.api.get('/api/v1/health/ready');
  expect([status, body]).toEqual([
    200,
    { status: 'up', parts: { postgres: { status: 'up' }, temporal: { status: 'up' }, worker: { status: 'up' } } },
  ]);
});

test('without a worker a command is answered 503 in bounded time, and the epic itself is accepted', async () => {
  const epic = await seedEpic(suite.database, suite.projectId);
  await start('epic', `epic/${epic}`);
  await stopWorker();
  const { status, headers, body } = await suite.api.post(`/api/v1/epics/${epic}/pause`);
  expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'Unavailable', '2']);
  expect((await suite.api.post('/api/v1/epics', { projectId: suite.projectId, title: 'Accepted' })).status).toBe(201);
});
