import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readOverrides } from '../../api/projects/overrides.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedAgent, seedEpic, seedProject, seedTask } from '../support/api/seed.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(async () => {
  await api.stop();
});

const sourceDirectory = (name: string): string => {
  const path = join(api.directory, name);
  mkdirSync(join(path, '.git'), { recursive: true });
  return path;
};

const signals = (projectId: string) =>
  rowsOf(api.database, `SELECT kind, workflow_id, name, args FROM outbox WHERE args->0->>'projectId' = $1`, [
    projectId,
  ]);

test('a new project is stored as importing, and the factory is told in the same transaction', async () => {
  const source = sourceDirectory('shop');
  const { status, headers, body } = await api.post('/api/v1/projects', { source, name: 'shop', baseBranch: 'trunk' });
  expect(status).toBe(201);
  expect(headers.get('location')).toBe(`/api/v1/projects/${body.id}`);
  expect(headers.get('etag')).toBe('"1.0"');
  expect(body).toMatchObject({ name: 'shop', source, baseBranch: 'trunk', state: 'importing', createdBy: 'ada' });
  expect(await signals(body.id)).toEqual([
    { kind: 'signal', workflow_id: 'factory', name: 'projectChanged', args: [{ projectId: body.id }] },
  ]);
});

test.each([
  ['https://example.com/team/.dot-files', 'dot-files'],
  ['https://example.com/team/a~b+c', 'a-b-c'],
  ['https://example.com/team/---', 'project'],
  [`https://example.com/team/${'n'.repeat(150)}`, 'n'.repeat(100)],
])('a project without a name is named after its source: %s', async (source, name) => {
  const { status, body } = await api.post('/api/v1/projects', { source });
  expect([status, body.name]).toEqual([201, name]);
});

test('a path on the host is for admins only', async () => {
  const source = sourceDirectory('private');
  const { status, body } = await api.post('/api/v1/projects', { source }, { key: api.keys.lead });
  expect([status, body.code]).toEqual([403, 'PermissionDenied']);
});

test('the data directory is no source', async () => {
  mkdirSync(join(api.directory, 'home/forge/.git'), { recursive: true });
  const { status } = await api.post('/api/v1/projects', { source: join(api.directory, 'home/forge') });
  expect(status).toBe(400);
});

test('overrides are for admins only', async () => {
  const body = { source: 'https://example.com/a/over', overrides: { checks: 'none' } };
  expect((await api.post('/api/v1/projects', body, { key: api.keys.lead })).status).toBe(403);
  expect((await api.post('/api/v1/projects', body)).status).toBe(201);
});

/** What is wrong, the overrides, and what is said of them. */
const WRONG: readonly (readonly [string, unknown, string])[] = [
  ['no mapping', ['checks'], 'overrides'],
  ['a text', 'checks: none', 'overrides'],
  ['a key that nobody knows', { colour: 'red' }, 'overrides: colour is not a known key'],
  ['a check without a command', { checks: [{ name: 'test' }] }, 'overrides: checks.0.run is missing'],
  ['a check of no name', { checks: [{ name: '', run: 'x' }] }, 'overrides: checks.0.name must'],
  [
    'two checks of one name',
    {
      checks: [
        { name: 'a', run: 'x' },
        { name: 'a', run: 'y' },
      ],
    },
    'checks.1.name repeats the name a',
  ],
  ['checks in a circle', { checks: [{ name: 'a', run: 'x', needs: ['a'] }] }, 'checks.0.needs turn in a circle: a'],
  ['checks as another text', { checks: 'all' }, 'overrides: checks must be a list'],
  ['a number as text', { limits: { parallelTasks: '4' } }, 'limits.parallelTasks must be a whole number from 1 to 100'],
  [
    'a number beyond',
    { limits: { epic: { dollars: 1e9 } } },
    'limits.epic.dollars must be a number from 0.01 to 100000',
  ],
  ['what is of a later version', { merge: { policy: 'speculative' } }, 'merge.policy must be sequential'],
  ['a branch that is none', { merge: { target: '@{-1}' } }, 'merge.target must be the name of a branch'],
  ['an output outside', { setup: { run: 'x', outputs: ['../y'] } }, 'setup.outputs.0 must be a path inside'],
  ['a sandbox that is none of ours', { sandbox: 'docker' }, 'sandbox must be none'],
  ['a variable of the host', { checks: [{ name: 'a', run: 'x', env: ['HOME'] }] }, 'checks.0.env.0 must be NAME=value'],
  ['NUL', { checks: [{ name: 'a', run: 'x\0y' }] }, ''],
];

test('overrides that are wrong in any way are refused with the key, and nothing is stored', async () => {
  const id = await seedProject(api.database);
  const before = await api.countRows();
  for (const [what, overrides, why] of WRONG) {
    const added = await api.post('/api/v1/projects', { source: 'https://example.com/team/wrong', overrides });
    expect([what, added.status, added.body.code]).toEqual([what, 400, 'InvalidInput']);
    expect([what, added.body.detail]).toEqual([what, expect.stringContaining(why)]);
    const patched = await api.call('PATCH', `/api/v1/projects/${id}`, { body: { overrides } });
    expect([what, patched.status]).toEqual([what, 400]);
  }
  expect(await api.countRows()).toEqual(before);
  expect((await api.get(`/api/v1/projects/${id}`)).body).toMatchObject({ overrides: {}, version: 1 });
});

test('work for a project whose millwright.yml is wrong is refused with its line and column, and nothing is stored', async () => {
  const reason = 'millwright.yml:3:5: checks.0.run is missing.';
  const projectId = await seedProject(api.database, { state: 'refused', reason, config: '{}' });
  const before = await api.countRows();
  for (const what of ['epics', 'tasks']) {
    const { status, body } = await api.post(`/api/v1/${what}`, { projectId, title: 'x' });
    expect([what, status, body.detail]).toEqual([what, 409, `The project takes no work: ${reason}`]);
  }
  expect(await api.countRows()).toEqual(before);
  expect((await api.get(`/api/v1/projects/${projectId}`)).body).toMatchObject({ state: 'refused', reason, config: {} });
});

test.each(['-x', 'a..b', '@{-1}', 'HEAD~1', 'x.lock', 'HEAD', 'a b', 'a\u0000b', 'a\nb', 'refs/heads/main', ''])(
  'a base branch that is none is refused, and nothing is stored: %j',
  async (baseBranch) => {
    const before = await api.countRows();
    const { status, body } = await api.post('/api/v1/projects', { source: 'https://example.com/a/branch', baseBranch });
    expect([status, body.code]).toEqual([400, 'InvalidInput']);
    expect(await api.countRows()).toEqual(before);
  },
);

test('name and source are unique among live projects, however the source is written', async () => {
  const { body } = await api.post('/api/v1/projects', {
    source: 'https://example.com/team/unique.git',
    name: 'unique',
  });
  const again = await api.post('/api/v1/projects', { source: 'https://EXAMPLE.com/team/unique/', name: 'other' });
  expect([again.status, again.body.code]).toEqual([409, 'Conflict']);
  const named = await api.post('/api/v1/projects', { source: 'https://example.com/team/another', name: 'unique' });
  expect([named.status, named.body.code]).toEqual([409, 'Conflict']);
  expect((await api.post(`/api/v1/projects/${body.id}/archive`)).status).toBe(200);
  expect((await api.post('/api/v1/projects', { source: 'https://example.com/team/unique' })).status).toBe(201);
});

test('overrides are merged key by key, null removes one, and the project is inspected again', async () => {
  const id = await seedProject(api.database);
  const path = `/api/v1/projects/${id}`;
  const first = await api.call('PATCH', path, { body: { overrides: { setupNetwork: true, epics: { land: 'auto' } } } });
  expect(first.body).toMatchObject({ state: 'importing', version: 2, revision: 1 });
  expect(first.body.overrides).toEqual({
    checks: [{ name: 'test', run: 'npm test' }],
    setupNetwork: true,
    epics: { land: 'auto' },
  });
  const second = await api.call('PATCH', path, { body: { overrides: { setupNetwork: null, checks: 'none' } } });
  expect(second.body.overrides).toEqual({ checks: 'none', epics: { land: 'auto' } });
  expect(await signals(id)).toHaveLength(2);
});

test('an override that names no registered agent is refused', async () => {
  await seedAgent(api.database, 'anthropic-worker');
  const id = await seedProject(api.database);
  const body = (use: string) => ({ overrides: { agents: { worker: { use } } } });
  const supervisor = { overrides: { agents: { supervisor: { use: 'nobody' } } } };
  expect(readOverrides(supervisor.overrides, new Set())).toEqual(supervisor.overrides);
  expect((await api.call('PATCH', `/api/v1/projects/${id}`, { body: supervisor })).status).toBe(400);
  expect((await api.call('PATCH', `/api/v1/projects/${id}`, { body: body('nobody') })).status).toBe(400);
  expect((await api.call('PATCH', `/api/v1/projects/${id}`, { body: body('anthropic-worker') })).status).toBe(200);
});

test('accepted proposals become checks under names of their own, with the setup they need', async () => {
  const proposals = [
    {
      from: 'package.json',
      checks: [{ name: 'test', run: 'npm test' }],
      setup: { run: 'npm ci', inputs: ['package-lock.json'], outputs: ['node_modules'] },
    },
    { from: 'go.mod', checks: [{ name: 'test', run: 'go test ./...' }] },
  ];
  const id = await seedProject(api.database, {
    state: 'refused',
    overrides: '{}',
    proposals: JSON.stringify(proposals),
  });
  const accept = (names: object) =>
    api.call('PATCH', `/api/v1/projects/${id}`, { body: { acceptChecks: true, ...names } });
  const none = await accept({ accept: ['lint'] });
  expect([none.status, none.body.detail]).toEqual([409, 'There is no such proposed check to accept.']);
  const { body } = await accept({});
  expect(body.overrides).toEqual({
    checks: [
      { name: 'test', run: 'npm test' },
      { name: 'test-2', run: 'go test ./...' },
    ],
    setup: { run: 'npm ci', inputs: ['package-lock.json'], outputs: ['node_modules'] },
  });
  expect(body.state).toBe('importing');
});

test('a project with open work is not archived', async () => {
  const id = await seedProject(api.database);
  const epic = await seedEpic(api.database, id);
  const refused = await api.post(`/api/v1/projects/${id}/archive`);
  expect([refused.status, refused.body.code]).toEqual([409, 'InvalidState']);
  await rowsOf(api.database, `UPDATE epic SET state = 'CANCELLED' WHERE id = $1`, [epic]);
  expect((await api.post(`/api/v1/projects/${id}/archive`)).body.archivedAt).not.toBeNull();
  expect((await api.post(`/api/v1/projects/${id}/sync`)).status).toBe(409);
});

test('a lone task keeps its project from being archived until it has ended, a failed one does not', async () => {
  const id = await seedProject(api.database);
  const task = await seedTask(api.database, id, { state: 'IN_PROGRESS' });
  expect((await api.post(`/api/v1/projects/${id}/archive`)).status).toBe(409);
  await rowsOf(api.database, `UPDATE task SET state = 'FAILED' WHERE id = $1`, [task]);
  const done = await seedEpic(api.database, id, { state: 'CANCELLED' });
  await seedTask(api.database, id, { epic_id: done, state: 'IN_PROGRESS' });
  expect((await api.post(`/api/v1/projects/${id}/archive`)).status).toBe(200);
});

test('a project that is ready but archived takes no work, and is in no list', async () => {
  const id = await seedProject(api.database, { archived_at: '2026-01-01T00:00:00Z' });
  for (const what of ['epics', 'tasks']) {
    const { status, body } = await api.post(`/api/v1/${what}`, { projectId: id, title: 'x' });
    expect([status, body.detail]).toEqual([409, 'The project is archived.']);
  }
  const { body } = await api.get('/api/v1/projects?limit=200');
  expect(body.items.map((item: { id: string }) => item.id)).not.toContain(id);
});

test('a new author of commits is no reason to inspect the project again', async () => {
  const id = await seedProject(api.database);
  const commitIdentity = 'Bot <bot@example.org>';
  const { body } = await api.call('PATCH', `/api/v1/projects/${id}`, { body: { commitIdentity } });
  expect(body).toMatchObject({ state: 'ready', version: 2, revision: 0 });
  expect(await signals(id)).toEqual([]);
});

test('the response tells how to fetch the result', async () => {
  const id = await seedProject(api.database);
  const { body } = await api.get(`/api/v1/projects/${id}`);
  expect(body.pullCommand).toBe(`git pull ${join(api.directory, 'home/forge')}/${id}.git main`);
});

test('what people did is one chain in which every link holds the one before it', async () => {
  const { auditHash } = await import('../../infra/pg/audit.js');
  const rows = await rowsOf<{
    who: string;
    what: string;
    object: string;
    before_hash: string | null;
    after_hash: string | null;
    ip: string;
    at: Date;
    prev_hash: string;
    hash: string;
  }>(api.database, 'SELECT who, what, object, before_hash, after_hash, ip, at, prev_hash, hash FROM audit ORDER BY id');
  expect(rows.length).toBeGreaterThan(5);
  expect(new Set(rows.map(({ ip }) => ip))).toEqual(new Set(['127.0.0.1']));
  const { before_hash, after_hash } = rows.find(({ what }) => what === 'project.changed') ?? {};
  expect([before_hash, after_hash]).toEqual([expect.any(String), expect.any(String)]);
  expect(after_hash).not.toBe(before_hash);
  const isWhole = (links: typeof rows): boolean =>
    links.every((row, at) => {
      const previous = links[at - 1]?.hash ?? '0'.repeat(64);
      const entry = { ...row, beforeHash: row.before_hash, afterHash: row.after_hash, at: row.at.toISOString() };
      return row.prev_hash === previous && row.hash === auditHash(previous, entry);
    });
  expect(isWhole(rows)).toBe(true);
  expect(isWhole(rows.map((row, at) => (at === 2 ? { ...row, who: 'somebody else' } : row)))).toBe(false);
  expect(isWhole(rows.toSpliced(2, 1))).toBe(false);
});
