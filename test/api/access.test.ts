import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ACCESS, accessGaps, isPublicRoute, neededRole, type Route, routeName } from '../../api/auth/access-table.js';
import { hasRole, KEY_ROLES } from '../../api/auth/caller.js';
import { insertKey, TestApi } from '../support/api/api.js';
import { OneOfEach } from '../support/api/one-of-each.js';
import { type Document, sampleBody } from '../support/api/sample-body.js';
import { rowsOf, seedEpic, seedMail, seedProject, seedTask } from '../support/api/seed.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(async () => {
  await api.stop();
});

/** A path of the route that names nothing: a UUID that is no row's. */
const pathOf = ({ url }: Route): string => url.replace(/:(id|projectId)/g, NOBODY).replace(/:\w+/g, 'main');
const NOBODY = '0197c1f0-0000-7000-8000-000000000000';

const keyed = (): readonly Route[] => api.application.routes.filter((route) => !isPublicRoute(route));

/** An invalid body keeps every route from doing anything; a stream is let go at once. */
const probe = async (route: Route, key: string | null): Promise<number> => {
  const over = new AbortController();
  const response = await fetch(`${api.url}${pathOf(route)}`, {
    method: route.method,
    signal: over.signal,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(route.method === 'GET' ? {} : { 'content-type': 'application/json' }),
    },
    ...(route.method === 'GET' ? {} : { body: '{"nonsense":1}' }),
  });
  over.abort();
  return response.status;
};

test('only liveness, the documentation and signed webhooks are answered without a key', () => {
  const open = api.application.routes.filter(isPublicRoute).map(routeName).sort();
  expect(open).toEqual([
    'GET /api/docs',
    'GET /api/docs/:file',
    'GET /api/openapi.json',
    'GET /api/v1/health/live',
    'POST /webhooks/github',
    'POST /webhooks/linear',
  ]);
});

test('every other route answers 401 without a key, and with one that is wrong', async () => {
  const wrong = api.keys.admin.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  for (const route of keyed()) {
    expect([routeName(route), await probe(route, null)]).toEqual([routeName(route), 401]);
    expect([routeName(route), await probe(route, wrong)]).toEqual([routeName(route), 401]);
  }
});

test('the table of roles names exactly the routes of the router', () => {
  expect(keyed().map(routeName).sort()).toEqual(Object.keys(ACCESS).sort());
});

test('a route that the table forgets, and one that is only in the table, are named', () => {
  const routes = [...keyed().slice(1), { method: 'GET', url: '/api/v1/forgotten' }];
  expect(accessGaps(routes)).toEqual([
    'GET /api/v1/forgotten: no role',
    ...keyed()
      .slice(0, 1)
      .map((route) => `${routeName(route)}: no such route`),
  ]);
  expect(accessGaps(keyed())).toEqual([]);
});

test('each role may use exactly the routes of the table', async () => {
  for (const route of keyed()) {
    // These two wait for the engine, which is not there in this suite.
    if (/^GET .*\/(control|health\/ready)$/.test(routeName(route))) continue;
    for (const role of KEY_ROLES) {
      const status = await probe(route, api.keys[role]);
      const isAllowed = hasRole({ role }, neededRole(route) ?? 'admin');
      expect([routeName(route), role, status === 403]).toEqual([routeName(route), role, !isAllowed]);
    }
  }
});

test('forged, malformed, expired and revoked keys are refused alike', async () => {
  const expired = await insertKey(api.database, { name: 'old', role: 'admin', expiresAt: '2020-01-01T00:00:00Z' });
  const revoked = await insertKey(api.database, { name: 'gone', role: 'admin' });
  await rowsOf(api.database, `UPDATE api_key SET revoked_at = now() WHERE name = 'gone'`);
  const [, id = '', secret = ''] = api.keys.admin.split('_');
  const forged = [
    expired,
    revoked,
    'x',
    `mw_${id}_`,
    `mw_${id}_${secret.slice(1)}`,
    `mw_${id}_${secret}x`,
    `mw_${id.toUpperCase()}_${secret}`,
    `mw_${'0'.repeat(32)}_${secret}`,
    `${id}_${secret}`,
    secret,
    `mw_${id}_${'A'.repeat(43)}`,
    "' OR 1=1 --",
  ];
  for (const key of forged) {
    const { status, body, headers } = await api.get('/api/v1/projects', { key });
    expect([key, status, body.code]).toEqual([key, 401, 'Unauthenticated']);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  }
  for (const authorization of [`Basic ${id}`, `Digest x, Bearer ${api.keys.admin}`]) {
    const { status } = await api.get('/api/v1/projects', { key: null, headers: { authorization } });
    expect([authorization, status]).toEqual([authorization, 401]);
  }
});

test('a key of one project finds nothing of another', async () => {
  const mine = await seedProject(api.database);
  const other = await seedProject(api.database);
  const key = await insertKey(api.database, { name: 'paul', role: 'admin', projects: [mine] });
  const epic = await seedEpic(api.database, other);
  const task = await seedTask(api.database, other);
  const mail = await seedMail(api.database, other);
  for (const path of [
    `/projects/${other}`,
    `/epics/${epic}`,
    `/epics/${epic}/graph`,
    `/tasks/${task}`,
    `/tasks/${task}/diff`,
    `/mail/${mail}`,
    `/queues/${other}/main/entries`,
  ]) {
    const { status, body } = await api.get(`/api/v1${path}`, { key });
    expect([path, status, body.code]).toEqual([path, 404, 'NotFound']);
  }
  for (const list of ['projects', 'epics', 'tasks', 'mail', 'decisions', 'runs', 'queues']) {
    const { body } = await api.get(`/api/v1/${list}`, { key });
    const projects = body.items.map((item: { id: string; projectId?: string }) => item.projectId ?? item.id);
    expect([list, projects.filter((id: string) => id !== mine)]).toEqual([list, []]);
  }
  const foreign = [
    api.post('/api/v1/epics', { projectId: other, title: 'x' }, { key }),
    api.post('/api/v1/tasks', { projectId: other, title: 'x' }, { key }),
    api.post(`/api/v1/mail/${mail}/reply`, { body: 'x' }, { key }),
    api.post('/api/v1/mail', { to: { kind: 'epic', id: epic }, subject: 'x', body: 'x' }, { key }),
  ];
  expect((await Promise.all(foreign)).map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect((await api.post('/api/v1/projects', { source: 'https://example.com/a/b' }, { key })).status).toBe(403);
  expect((await api.post('/api/v1/control/pause', {}, { key })).status).toBe(403);
});

test('nothing of another project is there on any route that names it', async () => {
  const mine = await seedProject(api.database);
  const key = await insertKey(api.database, { name: 'only mine', role: 'admin', projects: [mine] });
  const theirs = await OneOfEach.seed(api.database);
  const document: Document = (await api.get('/api/openapi.json', { key: null })).body;
  const before = await api.countRows();
  const routes = keyed().filter(({ url }) => /\/(projects|epics|tasks|runs|mail|queues)\/.*:/.test(url));
  expect(routes.length).toBeGreaterThan(40);
  for (const route of routes) {
    const sent = route.method === 'GET' ? {} : { body: sampleBody(document, route, theirs.known) };
    const { status, body } = await api.call(route.method, theirs.pathOf(route), { key, ...sent });
    expect([routeName(route), status, body.code]).toEqual([routeName(route), 404, 'NotFound']);
  }
  expect(await api.countRows()).toEqual(before);
});

test('a request to another host name or from another origin is refused, with a key too', async () => {
  const port = new URL(api.url).port;
  const { request } = await import('node:http');
  const statusOf = (headers: Readonly<Record<string, string>>): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path: '/api/v1/projects', headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      call.on('error', reject).end();
    });
  const authorization = `Bearer ${api.keys.admin}`;
  expect(await statusOf({ authorization, host: `localhost:${port}` })).toBe(200);
  expect(await statusOf({ authorization, host: 'factory.EXAMPLE' })).toBe(200);
  expect(await statusOf({ authorization, host: `[::1]:${port}` })).toBe(200);
  expect(await statusOf({ authorization, host: 'evil.example' })).toBe(403);
  expect(await statusOf({ authorization, host: '127.0.0.1.evil.example' })).toBe(403);
  expect(await statusOf({ authorization, host: `127.0.0.1:${port}`, origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf({ authorization, host: `127.0.0.1:${port}`, origin: 'null' })).toBe(403);
  expect(await statusOf({ authorization, host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}` })).toBe(200);
});

test('answers carry the security headers and no permission for other origins', async () => {
  const { headers } = await api.get('/api/v1/projects');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('access-control-allow-origin')).toBeNull();
});
