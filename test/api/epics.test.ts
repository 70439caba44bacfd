import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EpicService } from '../../api/epics/epic.service.js';
import { PlanRepository } from '../../api/epics/plan.repository.js';
import { IdempotencyRepository } from '../../api/http/idempotency.repository.js';
import { requestHash } from '../../api/http/idempotency-key.js';
import { TaskRepository } from '../../api/tasks/task.repository.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedEpic, seedProject, seedTask } from '../support/api/seed.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api.stop();
});

const outboxOf = (workflowId: string) =>
  rowsOf<{ kind: string; name: string; args: unknown; options: unknown }>(
    api.database,
    'SELECT kind, name, args, options FROM outbox WHERE workflow_id = $1',
    [workflowId],
  );

test('an epic is accepted with its workflow start in one transaction, without any engine', async () => {
  const body = { projectId, title: 'Löse $(rm -rf /) & Co', description: 'It hurts.', approval: 'plan', priority: 1 };
  const { status, headers, body: epic } = await api.post('/api/v1/epics', body, { key: api.keys.member });
  expect(status).toBe(201);
  expect(headers.get('location')).toBe(`/api/v1/epics/${epic.id}`);
  expect(epic).toMatchObject({
    state: 'PLANNING',
    phase: 'planning',
    approval: 'plan',
    mergeTarget: 'epic',
    land: 'person',
    overlap: 'serialise',
    planner: 'model',
    maxParallelTasks: 10,
    priority: 1,
    budgetMicroUsd: 50_000_000,
    createdBy: 'mel',
    planVersion: null,
  });
  expect(epic.branch).toBe(`millwright/epic/lose-rm-rf-co-${epic.id.slice(-12)}`);
  expect(epic.links.temporal).toBe(`http://127.0.0.1:8233/namespaces/default/workflows/epic%2F${epic.id}`);
  expect(await outboxOf(`epic/${epic.id}`)).toEqual([
    {
      kind: 'start',
      name: 'epic',
      args: [{ epicId: epic.id, tuning: 'brisk' }],
      options: {
        reuse: 'reject',
        memo: { epic: epic.id, project: projectId },
        searchAttributes: {
          MillwrightKind: 'epic',
          MillwrightProject: projectId,
          MillwrightEpic: epic.id,
          MillwrightState: 'PLANNING',
        },
        staticSummary: 'Epic: Löse $(rm -rf /) & Co',
        priority: { priorityKey: 2, fairnessKey: projectId },
      },
    },
  ]);
  const { body: timeline } = await api.get(`/api/v1/epics/${epic.id}/timeline`);
  expect(timeline.items).toMatchObject([{ seq: 1, type: 'epic.created', data: { state: 'PLANNING' } }]);
  const { body: decisions } = await api.get(`/api/v1/decisions?epicId=${epic.id}`);
  expect(decisions.items).toMatchObject([{ kind: 'human', by: 'mel', decision: 'epic.created' }]);
});

test('a given plan is stored whole, as version 1, with every default filled in', async () => {
  const plan = { tasks: [{ key: 'a', title: 'A', description: 'Do a.' }] };
  const { body: epic } = await api.post('/api/v1/epics', { projectId, title: 'Planned', plan });
  expect(epic).toMatchObject({ planner: 'given', planVersion: 1 });
  const { body: stored } = await api.get(`/api/v1/epics/${epic.id}/plan`);
  expect(stored).toMatchObject({ version: 1, origin: 'given', createdBy: 'ada' });
  expect(stored.tasks).toEqual([
    {
      key: 'a',
      title: 'A',
      description: 'Do a.',
      kind: 'execution',
      acceptance: [],
      capabilities: [],
      technologies: [],
      predictedFiles: [],
      dependsOn: [],
    },
  ]);
  expect((await api.get(`/api/v1/epics/${epic.id}/plan?version=2`)).status).toBe(404);
});

test('an answer is kept for its key for longer than a request may run', async () => {
  const call = () =>
    api.post('/api/v1/epics', { projectId, title: 'Kept' }, { headers: { 'idempotency-key': 'kept' } });
  const first = await call();
  await rowsOf(api.database, `UPDATE idempotency_key SET locked_until = now() - interval '1 day' WHERE key = 'kept'`);
  const again = await call();
  expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([first.body, 'true']);
});

test('a key that was used on another route is refused, and reading keeps nothing under it', async () => {
  const headers = { 'idempotency-key': 'routes' };
  expect((await api.post('/api/v1/epics', { projectId, title: 'Route' }, { headers })).status).toBe(201);
  expect((await api.post('/api/v1/tasks', { projectId, title: 'Route' }, { headers })).status).toBe(422);
  const before = await api.countRows();
  const list = () => api.get('/api/v1/epics?limit=1', { headers: { 'idempotency-key': 'read' } });
  const [first] = (await list()).body.items;
  const next = await seedEpic(api.database, projectId);
  expect([first.id, (await list()).body.items[0].id]).toEqual([expect.not.stringContaining(next), next]);
  expect((await api.countRows()).idempotency_key).toBe(before.idempotency_key);
});

test('an answer that was kept stays, whatever fails after it', async () => {
  const [key] = await rowsOf<{ id: string }>(api.database, `SELECT id FROM api_key WHERE name = 'ada'`);
  const keyed = { keyId: key?.id ?? '', key: 'late', hash: 'h' };
  const keys = api.application.app.get(IdempotencyRepository);
  await keys.claim(keyed);
  await keys.finish(keyed, 201, { made: 1 });
  await keys.release(keyed);
  expect(await keys.claim(keyed)).toEqual({ kind: 'done', status: 201, body: { made: 1 } });
});

test.each([
  ['importing', {}],
  ['refused', { reason: 'It has no commits.' }],
  ['red', { reason: 'test fails on main.' }],
])('a project that is %s takes no epic and says why', async (state, values) => {
  const id = await seedProject(api.database, { state, ...values });
  const { status, body } = await api.post('/api/v1/epics', { projectId: id, title: 'x' });
  expect([status, body.code]).toEqual([409, 'InvalidState']);
  if ('reason' in values) expect(body.detail).toContain(values.reason);
  expect((await api.post('/api/v1/tasks', { projectId: id, title: 'x' })).status).toBe(409);
});

test('a project without a required check takes no epic', async () => {
  const { effectiveConfig } = await import('../../domain/project-config/effective.js');
  const id = await seedProject(api.database, { config: JSON.stringify(effectiveConfig(undefined, {})) });
  const { status, body } = await api.post('/api/v1/epics', { projectId: id, title: 'x' });
  expect([status, body.code]).toEqual([409, 'InvalidState']);
  expect(body.detail).toContain('no required check');
});

test('policies that are not given are those of the project', async () => {
  const { effectiveConfig } = await import('../../domain/project-config/effective.js');
  const overrides = {
    checks: 'none',
    epics: { mergeTarget: 'base', overlap: 'allow' },
    limits: { parallelTasks: 3, epic: { dollars: 7 } },
  } as const;
  const id = await seedProject(api.database, { config: JSON.stringify(effectiveConfig(undefined, overrides)) });
  const { body } = await api.post('/api/v1/epics', { projectId: id, title: 'x', overlap: 'serialise' });
  expect(body).toMatchObject({
    mergeTarget: 'base',
    overlap: 'serialise',
    maxParallelTasks: 3,
    budgetMicroUsd: 7_000_000,
  });
});

test('twenty equal requests at once with one key make one epic; the others get its answer or 409', async () => {
  const call = () =>
    api.post('/api/v1/epics', { projectId, title: 'Once' }, { headers: { 'idempotency-key': 'twenty' } });
  const replies = await Promise.all(Array.from({ length: 20 }, call));
  const done = replies.filter(({ status }) => status === 201);
  expect(done.length).toBeGreaterThanOrEqual(1);
  expect(new Set(done.map(({ body }) => body.id)).size).toBe(1);
  for (const { status, headers, body } of replies.filter((reply) => !done.includes(reply))) {
    expect([status, body.code]).toEqual([409, 'Conflict']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const [count] = await rowsOf<{ n: number }>(api.database, `SELECT count(*) AS n FROM epic WHERE title = 'Once'`);
  expect(count?.n).toBe(1);
  const later = await call();
  expect(later.body).toEqual(done[0]?.body);
  expect(later.headers.get('idempotency-replayed')).toBe('true');
  expect(later.headers.get('etag')).toBe('"1.0"');
});

test('a key that was used for another body is refused, and another caller may use it', async () => {
  const headers = { 'idempotency-key': 'reused' };
  const first = await api.post('/api/v1/epics', { projectId, title: 'One' }, { headers });
  const other = await api.post('/api/v1/epics', { projectId, title: 'Two' }, { headers });
  expect([other.status, other.body.code]).toEqual([422, 'IdempotencyKeyReused']);
  const caller = await api.post('/api/v1/epics', { projectId, title: 'One' }, { headers, key: api.keys.member });
  expect(caller.status).toBe(201);
  expect(caller.body.id).not.toBe(first.body.id);
});

test('a refused request may be repeated with its key once it is right', async () => {
  const id = await seedProject(api.database, { state: 'importing' });
  const call = () =>
    api.post('/api/v1/epics', { projectId: id, title: 'Soon' }, { headers: { 'idempotency-key': 'soon' } });
  expect((await call()).status).toBe(409);
  await rowsOf(api.database, `UPDATE project SET state = 'ready' WHERE id = $1`, [id]);
  expect((await call()).status).toBe(201);
});

test('a request whose process died after the commit is answered from what it committed', async () => {
  const [key] = await rowsOf<{ id: string }>(api.database, `SELECT id FROM api_key WHERE name = 'ada'`);
  const keyId = key?.id ?? '';
  const body = { projectId, title: 'Died' };
  const hash = requestHash('POST', '/api/v1/epics', body);
  // Claimed and handled, but the process is gone before it can say so: only the handler's transaction has told.
  await api.application.app.get(IdempotencyRepository).claim({ keyId, key: 'died', hash });
  const caller = {
    keyId,
    by: 'ada',
    role: 'admin',
    scope: null,
    ip: '',
    cursorSecret: '',
    idempotencyKey: 'died',
  } as const;
  const made = await api.application.app.get(EpicService).create(body, caller);
  const repeat = await api.post('/api/v1/epics', body, { headers: { 'idempotency-key': 'died' } });
  expect([repeat.status, repeat.body]).toEqual([201, made]);
});

test('a request whose process died before the commit is taken over when its lock has ended', async () => {
  const [key] = await rowsOf<{ id: string }>(api.database, `SELECT id FROM api_key WHERE name = 'ada'`);
  const body = { projectId, title: 'Taken over' };
  await rowsOf(
    api.database,
    `INSERT INTO idempotency_key (key_id, key, request_hash, state, locked_until)
     VALUES ($1, 'dead', $2, 'running', now() + interval '1 minute')`,
    [key?.id, requestHash('POST', '/api/v1/epics', body)],
  );
  const call = () => api.post('/api/v1/epics', body, { headers: { 'idempotency-key': 'dead' } });
  expect((await call()).status).toBe(409);
  await rowsOf(api.database, `UPDATE idempotency_key SET locked_until = now() WHERE key = 'dead'`);
  const other = { headers: { 'idempotency-key': 'dead' } };
  expect((await api.post('/api/v1/epics', { projectId, title: 'Another' }, other)).status).toBe(422);
  expect((await call()).status).toBe(201);
});

test('a change needs the ETag of what it changes, if it names one', async () => {
  const id = await seedEpic(api.database, projectId, { revision: 4 });
  const patch = (title: string, tag?: string) =>
    api.call('PATCH', `/api/v1/epics/${id}`, {
      body: { title },
      headers: tag === undefined ? {} : { 'if-match': tag },
    });
  const { headers } = await api.get(`/api/v1/epics/${id}`);
  expect(headers.get('etag')).toBe('"1.4"');
  const changed = await patch('First', '"1.4"');
  expect([changed.status, changed.headers.get('etag'), changed.body.title]).toEqual([200, '"2.4"', 'First']);
  const stale = await patch('Second', '"1.4"');
  expect([stale.status, stale.body.code, stale.body.details]).toEqual([412, 'StaleVersion', { etag: '"2.4"' }]);
  await rowsOf(api.database, 'UPDATE epic SET revision = 5 WHERE id = $1', [id]);
  expect((await patch('Third', '"2.4"')).status).toBe(412);
  expect((await patch('Fourth')).status).toBe(200);
  expect((await patch('Fifth', '*')).status).toBe(200);
  const [row] = await rowsOf<{ description: string; branch: string }>(
    api.database,
    'SELECT description, branch FROM epic WHERE id = $1',
    [id],
  );
  expect(row).toEqual({ description: '', branch: `millwright/epic/an-epic-${id.slice(-12)}` });
});

test('paging shows every row once, newest first, whatever is added meanwhile', async () => {
  const id = await seedProject(api.database);
  const made: string[] = [];
  for (let at = 0; at < 7; at++) made.push(await seedEpic(api.database, id));
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: { id: string }[]; nextCursor: string | null } = (
      await api.get(`/api/v1/epics?projectId=${id}&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
    ).body;
    seen.push(...page.items.map((item) => item.id));
    cursor = page.nextCursor;
    await seedEpic(api.database, id);
  }
  expect(seen).toEqual(made.toReversed());
});

test('the graph shows dependencies, what decides how long it takes, and progress', async () => {
  const epic_id = await seedEpic(api.database, projectId);
  const of = (plan_key: string, state: string, likely: number) =>
    seedTask(api.database, projectId, { epic_id, plan_key, state, estimate: JSON.stringify({ likely }) });
  const [a, b, c] = [await of('a', 'COMPLETED', 1), await of('b', 'PENDING', 5), await of('c', 'PENDING', 2)];
  for (const [task, on] of [
    [b, a],
    [c, a],
  ]) {
    await rowsOf(api.database, 'INSERT INTO dependency (task_id, depends_on_task_id) VALUES ($1, $2)', [task, on]);
  }
  const { body } = await api.get(`/api/v1/epics/${epic_id}/graph`);
  expect(body.criticalPath).toEqual([a, b]);
  expect(body.progress).toEqual({ done: 1, total: 3, share: 1 / 3 });
  expect(body.edges).toHaveLength(2);
  const { body: tasks } = await api.get(`/api/v1/epics/${epic_id}/tasks`);
  expect(tasks.items.map(({ planKey }: { planKey: string }) => planKey)).toEqual(['a', 'b', 'c']);
});

test('an epic that has ended takes no words, no plan and no task, and nothing is stored', async () => {
  const id = await seedEpic(api.database, projectId, { state: 'COMPLETED' });
  const before = await api.countRows();
  const tasks = [{ key: 'a', title: 'A', description: 'Do a.' }];
  const refused = [
    await api.call('PATCH', `/api/v1/epics/${id}`, { body: { title: 'Late' } }),
    await api.call('PUT', `/api/v1/epics/${id}/plan`, { body: { tasks } }),
    await api.post(`/api/v1/epics/${id}/tasks`, { title: 'Late' }),
  ];
  for (const { status, body } of refused) expect([status, body.code]).toEqual([409, 'InvalidState']);
  expect(await api.countRows()).toEqual(before);
});

test('a task for an agent that nobody knows is not added', async () => {
  const id = await seedEpic(api.database, projectId);
  const { status, body } = await api.post(`/api/v1/epics/${id}/tasks`, { title: 'x', agent: 'nobody' });
  expect([status, body.detail]).toEqual([400, 'There is no agent named nobody.']);
});

test('what is taken back is the newest version of a plan, and a task that nobody has begun', async () => {
  const id = await seedEpic(api.database, projectId);
  const plans = api.application.app.get(PlanRepository);
  const document = { tasks: [] };
  for (const by of ['a', 'b'])
    await withTransaction(api.database.pools.writes, (tx) =>
      plans.append(tx, { epicId: id, document, origin: 'edited', by }),
    );
  await plans.withdraw(id, 1);
  expect((await plans.find(id, 1))?.createdBy).toBe('a');
  await plans.withdraw(id, 2);
  expect((await plans.find(id, null))?.version).toBe(1);
  const tasks = api.application.app.get(TaskRepository);
  const [begun, fresh] = [
    await seedTask(api.database, projectId, { state: 'IN_PROGRESS' }),
    await seedTask(api.database, projectId),
  ];
  for (const task of [begun, fresh]) await tasks.remove(task);
  expect((await tasks.get(begun, null)).id).toBe(begun);
  await expect(tasks.get(fresh, null)).rejects.toMatchObject({ type: 'NotFound' });
});
