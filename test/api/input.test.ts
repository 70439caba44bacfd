import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { isPublicRoute, type Route, routeName } from '../../api/auth/access-table.js';
import { type Reply, TestApi } from '../support/api/api.js';
import { seedEntry, seedEpic, seedMail, seedProject, seedTask } from '../support/api/seed.js';

let api: TestApi;
let projectId: string;
let before: Readonly<Record<string, number>>;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api.stop();
});
beforeEach(async () => {
  before = await api.countRows();
});

const expectProblem = (what: string, { status, headers, body }: Reply): void => {
  expect([what, Math.floor(status / 100)]).toEqual([what, 4]);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
  expect(JSON.stringify(body)).not.toMatch(/at .*\.[jt]s|SELECT|INSERT|node_modules|\/home\//);
};

const expectNothingStored = async (): Promise<void> => expect(await api.countRows()).toEqual(before);

/** The route on rows that exist, so that nothing but the body can be wrong. */
const pathOf = async ({ url }: Route): Promise<string> => {
  const ids: Readonly<Record<string, () => Promise<string>>> = {
    projects: () => seedProject(api.database),
    epics: () => seedEpic(api.database, projectId),
    tasks: () => seedTask(api.database, projectId),
    mail: () => seedMail(api.database, projectId),
    queues: () => seedEntry(api.database, projectId),
  };
  const [, resource = ''] = /\/api\/v1\/(\w+)/.exec(url) ?? [];
  const id = await (ids[resource]?.() ?? '0197c1f0-0000-7000-8000-000000000000');
  return url.replace(':projectId', projectId).replace(':branch', 'main').replace(':id', id);
};

const writing = (): readonly Route[] =>
  api.application.routes.filter((route) => route.method !== 'GET' && !isPublicRoute(route));

test('every route that takes a body refuses an unknown field, and nothing is stored', async () => {
  expect(writing().length).toBeGreaterThan(20);
  for (const route of writing()) {
    const path = await pathOf(route);
    before = await api.countRows();
    const reply = await api.call(route.method, path, { body: { nonsense: 1 } });
    expectProblem(routeName(route), reply);
    expect([routeName(route), reply.status, reply.body.code]).toEqual([routeName(route), 400, 'InvalidInput']);
    await expectNothingStored();
  }
});

test('every route that takes a body refuses what is no JSON object', async () => {
  for (const route of writing()) {
    const path = await pathOf(route);
    before = await api.countRows();
    for (const raw of ['{', '[]', '"x"', 'null', '{"a":1,"a":2}', '{"__proto__":{}}']) {
      const reply = await api.call(route.method, path, { raw });
      expectProblem(`${routeName(route)} ${raw}`, reply);
      expect(reply.status).toBe(400);
    }
    await expectNothingStored();
  }
});

test('a key that comes twice is refused, however right each of its values is', async () => {
  before = await api.countRows();
  const twice = `{"projectId":"${projectId}","title":"One","title":"Two"}`;
  const spelt = `{"projectId":"${projectId}","title":"One","t\\u0069tle":"Two"}`;
  for (const raw of [twice, spelt]) {
    const reply = await api.call('POST', '/api/v1/epics', { raw });
    expectProblem(raw, reply);
    expect([reply.status, reply.body.detail]).toEqual([400, 'The request body repeats a key.']);
  }
  await expectNothingStored();
});

test('every list refuses an unknown filter, a bad page size and a cursor that is not its own', async () => {
  const lists = api.application.routes.filter(({ method, url }) => method === 'GET' && /s$|mail$/.test(url));
  for (const route of lists.filter(({ url }) => !/events|docs|logs|metrics|\.json/.test(url))) {
    const path = await pathOf(route);
    for (const query of [
      'nonsense=1',
      'limit=0',
      'limit=-1',
      'limit=1e9',
      'limit=201',
      'limit=x',
      'limit=1&limit=2',
      'cursor=x',
      'cursor=',
    ]) {
      const reply = await api.get(`${path}?${query}`);
      expectProblem(`${routeName(route)} ${query}`, reply);
      expect(reply.status).toBe(400);
    }
  }
});

const create = (body: object): Promise<Reply> => api.post('/api/v1/epics', { projectId, title: 'x', ...body });

test.each<[string, object]>([
  ['an empty title', { title: '' }],
  ['a blank title', { title: '  \t' }],
  ['an invisible title', { title: '\u200b\u2060' }],
  ['a title of two lines', { title: 'a\nb' }],
  ['a title with an escape', { title: 'a\u001b[2Jb' }],
  ['a title of 201 characters', { title: 'x'.repeat(201) }],
  ['a title that is a list', { title: ['x'] }],
  ['a title that is a number', { title: 1 }],
  ['a title that is null', { title: null }],
  ['a title with half a surrogate pair', { title: 'x\ud800' }],
  ['a description with NUL', { description: 'a\u0000b' }],
  ['a description above 100 kB', { description: 'é'.repeat(50_001) }],
  ['a project that is no UUID', { projectId: 'x' }],
  ['a priority out of range', { priority: 6 }],
  ['a priority that is not whole', { priority: 1.5 }],
  ['a priority beyond all numbers', { priority: 1e21 }],
  ['an unknown approval', { approval: 'maybe' }],
  ['a planner of a later version', { planner: 'heuristic' }],
  ['reviews, which are of a later version', { review: { required: 1 } }],
  ['an unknown field inside another', { review: { required: 0, by: 'x' } }],
  ['a budget of nothing', { budgetMicroUsd: 0 }],
  ['a plan that is a list', { plan: [] }],
  ['a plan without tasks', { plan: { tasks: [] } }],
  ['a plan with a circle', { plan: { tasks: [task('a', 'b'), task('b', 'a')] } }],
  ['a plan that waits for itself', { plan: { tasks: [task('a', 'a')] } }],
  ['a plan with an unknown dependency', { plan: { tasks: [task('a', 'z')] } }],
  ['a plan with a key twice', { plan: { tasks: [task('a'), task('a')] } }],
  ['a plan of 201 tasks', { plan: { tasks: Array.from({ length: 201 }, (_, at) => task(`t${at}`)) } }],
  [
    'a plan that is too deep',
    { plan: { tasks: Array.from({ length: 11 }, (_, at) => task(`t${at}`, ...(at > 0 ? [`t${at - 1}`] : []))) } },
  ],
  ['an unknown field in a plan', { plan: { tasks: [{ ...task('a'), nonsense: 1 }] } }],
])('an epic with %s is refused, and nothing is stored', async (what, body) => {
  const reply = await create(body);
  expectProblem(what, reply);
  expect(reply.body.code).toBe('InvalidInput');
  await expectNothingStored();
});

function task(key: string, ...needs: readonly string[]) {
  return { key, title: key, description: key, dependsOn: needs.map((need) => ({ key: need })) };
}

test('what is of a later version is refused by these words', async () => {
  expect((await create({ planner: 'heuristic' })).body.detail).toContain('not in this version');
  expect((await create({ review: { required: 2 } })).body.detail).toContain('not in this version');
  const merge = { merge: { policy: 'speculative' } };
  const overrides = await api.post('/api/v1/projects', { source: 'https://example.com/a/b', overrides: merge });
  expect(overrides.body.detail).toContain('not in this version');
  await expectNothingStored();
});

test('a hostile plan of ten thousand tasks is refused at once', async () => {
  const tasks = Array.from({ length: 10_000 }, (_, at) => task(`t${at}`));
  expectProblem('10,000 tasks', await create({ plan: { tasks } }));
  await expectNothingStored();
});

test.each<[string, string | Buffer, number]>([
  ['a byte order mark', '\uFEFF{}', 400],
  ['broken UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), 400],
  ['depth 10,000', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400],
  ['a number beyond all numbers', '{"priority":1e309}', 400],
  ['a constructor', '{"constructor":{"prototype":{}}}', 400],
  ['an escaped __proto__', '{"\\u005f_proto__":{}}', 400],
  ['a repeated key inside', '{"review":{"required":0,"required":1}}', 400],
  ['200,000 items', `{"a":[${'0,'.repeat(200_000)}0]}`, 400],
  ['an unfinished string', '{"a":"', 400],
  ['a text of 10 MB', `{"description":"${'x'.repeat(10_000_000)}"}`, 413],
])('a body with %s is refused', async (what, raw, status) => {
  const reply = await api.call('POST', '/api/v1/epics', { raw });
  expectProblem(what, reply);
  expect(reply.status).toBe(status);
  await expectNothingStored();
});

test('a body of too many items is refused for that, before it is made into values', async () => {
  const raw = `{"nonsense":[${'0,'.repeat(200_000)}0]}`;
  const { status, body } = await api.call('POST', '/api/v1/epics', { raw });
  expect([status, body.detail]).toEqual([400, expect.stringContaining('items')]);
});

test.each<[string, Record<string, string>, string | Buffer]>([
  ['form data', { 'content-type': 'application/x-www-form-urlencoded' }, 'title=x'],
  ['text', { 'content-type': 'text/plain' }, '{}'],
  ['XML', { 'content-type': 'application/xml' }, '<a/>'],
])('a body of %s is answered 415', async (what, headers, raw) => {
  const reply = await api.call('POST', '/api/v1/epics', { headers, raw });
  expectProblem(what, reply);
  expect(reply.status).toBe(415);
  await expectNothingStored();
});

test('a compressed body is refused instead of inflated', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000, 'x'));
  const reply = await api.call('POST', '/api/v1/epics', { raw: bomb, headers: { 'content-encoding': 'gzip' } });
  expectProblem('gzip', reply);
  const plain = await api.call('POST', '/api/v1/epics', {
    raw: JSON.stringify({ projectId, title: 'x' }),
    headers: { 'content-encoding': 'identity' },
  });
  expect([plain.status, plain.body.detail]).toEqual([400, 'The request body must not be compressed.']);
  await expectNothingStored();
});

test.each(['x', '1', 'null', '..%2f..%2fetc', '%00', "1'%20OR%201=1", '0197c1f0-0000-7000-8000-00000000000'])(
  'an id that is no UUID is refused: %s',
  async (id) => {
    for (const resource of ['projects', 'epics', 'tasks', 'runs', 'agents', 'mail', 'queues/entries']) {
      expectProblem(`${resource} ${id}`, await api.get(`/api/v1/${resource}/${id}`));
    }
  },
);

test.each([
  '-x',
  'a..b',
  '@%7B-1%7D',
  'x.lock',
  'HEAD',
  '.hidden',
  'a%20b',
  'a%00b',
  'a%0Ab',
  'refs%2Fheads%2Fmain',
  'a%2F',
])('a name that is no branch is refused: %s', async (branch) => {
  const reply = await api.get(`/api/v1/queues/${projectId}/${branch}/entries`);
  expectProblem(branch, reply);
  expect(reply.status).toBe(400);
});

test('a cursor of another list, filter or key is refused, and so is one that was changed', async () => {
  for (let at = 0; at < 3; at++) await seedEpic(api.database, projectId);
  const first = await api.get('/api/v1/epics?limit=1');
  const cursor: string = first.body.nextCursor;
  expect((await api.get(`/api/v1/epics?limit=1&cursor=${cursor}`)).status).toBe(200);
  const changed = `${cursor.slice(0, -2)}${cursor.endsWith('AA') ? 'BB' : 'AA'}`;
  for (const [path, key] of [
    [`/api/v1/epics?limit=1&cursor=${changed}`, api.keys.admin],
    [`/api/v1/epics?limit=1&state=PLANNING&cursor=${cursor}`, api.keys.admin],
    [`/api/v1/tasks?limit=1&cursor=${cursor}`, api.keys.admin],
    [`/api/v1/epics?limit=1&cursor=${cursor}`, api.keys.viewer],
  ] as const) {
    expect([path, (await api.get(path, { key })).status]).toEqual([path, 400]);
  }
});

test.each(['', 'x'.repeat(201), 'ключ', 'a b'])('an Idempotency-Key that is none is refused: %#', async (key) => {
  const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
  const reply = await api.post('/api/v1/epics', { projectId, title: 'x' }, { headers });
  expectProblem(key, reply);
  await expectNothingStored();
});

test.each(['x', '1.2', '"1"', '"a.b"', 'W/"1.2"', '"1.2", "1.3"'])(
  'an If-Match that is no ETag is refused: %s',
  async (tag) => {
    const epic = await seedEpic(api.database, projectId);
    const reply = await api.call('PATCH', `/api/v1/epics/${epic}`, {
      body: { title: 'y' },
      headers: { 'if-match': tag },
    });
    expectProblem(tag, reply);
    expect(reply.status).toBe(400);
  },
);

test.each([
  '--upload-pack=touch /tmp/x',
  'ext::sh -c touch% /tmp/x',
  'file:///etc',
  'ssh://-oProxyCommand=x/y',
  'git@example.com:a/b',
  'http://example.com/a/b',
  'https://user:pass@example.com/a/b',
  'https://2130706433/a/b',
  'https://127.0.0.1/a/b',
  'https://[::1]/a/b',
  'https://localhost/a/b',
  'https://example.com/',
  'https://example.com/a/b?x=1',
  '/does/not/exist',
  '../relative',
])('a source is refused unless it is an https address or a path: %s', async (source) => {
  expectProblem(source, await api.post('/api/v1/projects', { source }));
  await expectNothingStored();
});

test('an unknown route and an unknown method are 404 problems', async () => {
  for (const [method, path] of [
    ['GET', '/api/v1/nonsense'],
    ['DELETE', '/api/v1/epics'],
    ['GET', '/'],
    ['GET', '/api/docs/..%2f..%2fpackage.json'],
  ] as const) {
    const reply = await api.call(method, path);
    expectProblem(path, reply);
    expect(reply.status).toBe(404);
  }
});

test('nothing of all these input is in the log', () => {
  expect(api.logged).toEqual([]);
});
