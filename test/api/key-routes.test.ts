import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseApiKey } from '../../infra/api-keys.js';
import { insertKey, type Reply, TestApi } from '../support/api/api.js';
import { atOnce } from '../support/api/at-once.js';
import { rowsOf, seedProject } from '../support/api/seed.js';
import { commandLine } from '../support/cli/command-line.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(async () => {
  await api?.stop();
});

const create = (body: object, headers = {}): Promise<Reply> => api.post('/api/v1/keys', body, { headers });
const statusWith = async (key: string): Promise<number> => (await api.get('/api/v1/projects', { key })).status;

test('a new key works with its role, and no table, log or second answer holds its secret', async () => {
  const headers = { 'idempotency-key': 'create-bob' };
  const { status, body } = await create({ name: 'bob', role: 'member' }, headers);
  expect([status, body.state, body.expiresAt, body.projects]).toEqual([201, 'valid', null, null]);
  expect(await statusWith(body.key)).toBe(200);
  expect((await api.get('/api/v1/keys', { key: body.key })).status).toBe(403);

  const again = await create({ name: 'bob', role: 'member' }, headers);
  expect([again.status, again.body]).toEqual([201, { ...body, key: null }]);
  const shown = [await api.get(`/api/v1/keys/${body.id}`), await api.get('/api/v1/keys')];
  const { secret = '' } = parseApiKey(body.key) ?? {};
  expect(secret).toHaveLength(43);
  const stored = await Promise.all(
    ['api_key', 'idempotency_key', 'audit', 'decision', 'event', 'outbox'].map((table) =>
      rowsOf(api.database, `SELECT * FROM ${table}`),
    ),
  );
  expect(JSON.stringify([stored, shown.map((reply) => reply.body)])).not.toContain(secret);
});

test('who created and revoked a key is in the audit and in the decision log', async () => {
  const { body } = await create({ name: 'carol', role: 'lead' });
  await api.post(`/api/v1/keys/${body.id}/revoke`, { reason: 'left the team' });
  const object = `api_key/${body.id}`;
  const audit = await rowsOf(api.database, `SELECT who, what FROM audit WHERE object = '${object}' ORDER BY id`);
  expect(audit).toEqual([
    { who: 'ada', what: 'key.created' },
    { who: 'ada', what: 'key.revoked' },
  ]);
  const decisions = await api.get('/api/v1/decisions?kind=human');
  expect(decisions.body.items[0]).toMatchObject({
    title: 'API key carol (lead) revoked',
    reasoning: 'left the team',
    by: 'ada',
  });
});

test('a revoked key is refused within a second, and revoking it again changes nothing', async () => {
  const { body } = await create({ name: 'dave', role: 'viewer' });
  expect(await statusWith(body.key)).toBe(200);
  const first = await api.post(`/api/v1/keys/${body.id}/revoke`);
  expect([first.status, first.body.state]).toEqual([200, 'revoked']);
  const startedAtMs = performance.now();
  while ((await statusWith(body.key)) === 200) expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  expect((await api.post(`/api/v1/keys/${body.id}/revoke`)).body).toEqual(first.body);
  const acts = await rowsOf(api.database, `SELECT 1 FROM audit WHERE what = 'key.revoked' AND object = $1`, [
    `api_key/${body.id}`,
  ]);
  expect(acts).toHaveLength(1);
});

test('an expired key is refused and is listed only when asked for', async () => {
  const { body } = await create({ name: 'erin', role: 'viewer', expiresAt: '2999-01-31T12:00:00+01:00' });
  expect([body.expiresAt, await statusWith(body.key)]).toEqual(['2999-01-31T11:00:00.000Z', 200]);
  const old = await insertKey(api.database, { name: 'old', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' });
  const namesOf = ({ body }: Reply): string[] => body.items.map(({ name }: { name: string }) => name);
  expect(await statusWith(old)).toBe(401);
  expect(namesOf(await api.get('/api/v1/keys'))).not.toContain('old');
  expect(namesOf(await api.get('/api/v1/keys?all=true'))).toContain('old');
});

test('a key of one project sees that one alone and administers no key', async () => {
  const [mine, other] = [await seedProject(api.database), await seedProject(api.database)];
  const { body } = await create({ name: 'frank', role: 'admin', projects: [mine] });
  const listed = await api.get('/api/v1/projects', { key: body.key });
  expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual([mine]);
  expect((await api.get(`/api/v1/projects/${other}`, { key: body.key })).status).toBe(404);
  for (const reply of [
    await api.get('/api/v1/keys', { key: body.key }),
    await api.get(`/api/v1/keys/${body.id}`, { key: body.key }),
    await api.post('/api/v1/keys', { name: 'x', role: 'admin' }, { key: body.key }),
    await api.post(`/api/v1/keys/${body.id}/revoke`, {}, { key: body.key }),
  ]) {
    expect([reply.status, reply.body.code]).toEqual([403, 'PermissionDenied']);
  }
});

test('the last admin key cannot be revoked; of two that revoke each other at once, one stays', async () => {
  const alone = await TestApi.start();
  try {
    const { body } = await alone.post('/api/v1/keys', { name: 'second', role: 'admin' });
    await alone.post('/api/v1/keys', { name: 'short', role: 'admin', expiresAt: '2999-01-01T00:00:00Z' });
    const projects = [await seedProject(alone.database)];
    await alone.post('/api/v1/keys', { name: 'narrow', role: 'admin', projects });
    const first = parseApiKey(alone.keys.admin)?.id;
    const both = await atOnce(alone.database, [
      () => alone.post(`/api/v1/keys/${body.id}/revoke`),
      () => alone.post(`/api/v1/keys/${first}/revoke`, {}, { key: body.key }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const refused = both.find(({ status }) => status === 409);
    expect(refused?.body).toMatchObject({ code: 'InvalidState', detail: expect.stringContaining('last admin key') });
    const left = await rowsOf(
      alone.database,
      `SELECT 1 FROM api_key WHERE role = 'admin' AND revoked_at IS NULL AND expires_at IS NULL AND projects IS NULL`,
    );
    expect(left).toHaveLength(1);
  } finally {
    await alone.stop();
  }
});

test('where no admin key works for ever, every other key can be revoked all the same', async () => {
  const alone = await TestApi.start();
  try {
    await rowsOf(alone.database, `UPDATE api_key SET expires_at = now() + interval '1 hour' WHERE role = 'admin'`);
    const projects = [await seedProject(alone.database)];
    for (const key of [
      { name: 'reader', role: 'viewer' },
      { name: 'narrow', role: 'admin', projects },
      { name: 'short', role: 'admin', expiresAt: '2999-01-01T00:00:00Z' },
    ]) {
      // The admin's own key ends too, so none of these is the last that works for ever.
      const { body } = await alone.post('/api/v1/keys', key);
      expect([key.name, (await alone.post(`/api/v1/keys/${body.id}/revoke`)).status]).toEqual([key.name, 200]);
    }
  } finally {
    await alone.stop();
  }
});

test('a key for a project that was archived is refused', async () => {
  const projects = [await seedProject(api.database, { archived_at: '2026-01-01T00:00:00Z' })];
  expect((await create({ name: 'x', role: 'viewer', projects })).status).toBe(400);
});

test.each<[string, object]>([
  ['no name', { role: 'viewer' }],
  ['a name of two lines', { name: 'a\nb', role: 'viewer' }],
  ['a name that cannot be seen', { name: '\u200b', role: 'viewer' }],
  ['a name of 101 characters', { name: 'x'.repeat(101), role: 'viewer' }],
  ["the system's name", { name: ' SYSTEM ', role: 'viewer' }],
  ['no role', { name: 'x' }],
  ['an unknown role', { name: 'x', role: 'root' }],
  ['several roles', { name: 'x', role: ['admin'] }],
  ['an expiry in the past', { name: 'x', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' }],
  ['an expiry without a time', { name: 'x', role: 'viewer', expiresAt: '2999-01-01' }],
  ['an expiry on a day that is none', { name: 'x', role: 'viewer', expiresAt: '2999-13-01T00:00:00Z' }],
  ['an expiry that is a number', { name: 'x', role: 'viewer', expiresAt: 4_102_444_800_000 }],
  ['an expiry of null', { name: 'x', role: 'viewer', expiresAt: null }],
  ['no project at all', { name: 'x', role: 'viewer', projects: [] }],
  ['a project that is no id', { name: 'x', role: 'viewer', projects: ['shop'] }],
  ['a project that is not there', { name: 'x', role: 'viewer', projects: ['019a0000-0000-7000-8000-000000000000'] }],
  ['a key of its own choice', { name: 'x', role: 'viewer', key: 'mw_x' }],
])('a key with %s is refused, and nothing is stored', async (what, body) => {
  const before = await api.countRows();
  const reply = await create(body);
  expect([what, reply.status, reply.body.code]).toEqual([what, 400, 'InvalidInput']);
  expect(await api.countRows()).toEqual(before);
});

test('the command line creates, lists and revokes keys, and shows a key once', async () => {
  await seedProject(api.database, { name: 'shop' });
  const millwright = commandLine(api.url, api.keys.admin);
  const created = await millwright(
    'key',
    'create',
    'gina',
    '--role',
    'viewer',
    '--expires',
    '90d',
    '--project',
    'shop',
  );
  const [key = ''] = /mw_\S+/.exec(created.stdout) ?? [];
  expect([created.exit, await statusWith(key)]).toEqual([0, 200]);
  expect(created.stdout).toContain('The key is shown this once and stored nowhere.');
  const listed = await millwright('key', 'list');
  expect(listed.stdout).toMatch(/gina +viewer +valid +shop/);
  expect(listed.stdout).not.toContain(key.slice(-43));
  const [, id = ''] = /id +\S*(\w{12})\n/.exec(created.stdout) ?? [];
  const revoked = await millwright('key', 'revoke', id, '--reason', 'done');
  expect([revoked.exit, revoked.stdout]).toEqual([0, expect.stringMatching(/state +revoked/)]);
});
