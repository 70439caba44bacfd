import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NO_GITHUB } from '../../infra/config/github.js';
import { TestApi } from '../support/api/api.js';
import { insert, rowsOf, seedEntry, seedLane } from '../support/api/seed.js';

let api: TestApi;
let without: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ github: { ...NO_GITHUB, access: 'token' } });
  without = await TestApi.start();
});
afterAll(async () => {
  await api.stop();
  await without.stop();
});

const add = (to: TestApi, body: object) => to.post('/api/v1/projects', body);

test('a repository of the configured GitHub lives there, under its own name and address', async () => {
  const { status, body } = await add(api, { source: 'https://github.com/Acme/shop.git', baseBranch: 'main' });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    name: 'shop',
    forge: 'github',
    source: 'https://github.com/Acme/shop',
    pullCommand: 'git pull https://github.com/Acme/shop.git main',
  });
  const rows = await rowsOf(api.database, 'SELECT forge_name, remote FROM project WHERE id = $1', [body.id]);
  expect(rows).toEqual([{ forge_name: 'Acme/shop', remote: 'https://github.com/acme/shop' }]);
  // GitHub tells no case apart, so the same repository in another spelling is the same project.
  expect((await add(api, { source: 'https://github.com/acme/SHOP', name: 'again' })).status).toBe(409);
});

test('the local forge can be asked for, and other hosts are imported', async () => {
  const asked = await add(api, { source: 'https://github.com/acme/cellar', forge: 'local' });
  expect(asked.body).toMatchObject({ forge: 'local' });
  expect((await add(api, { source: 'https://example.com/acme/cellar', name: 'other' })).body.forge).toBe('local');
});

test('what GitHub is asked for and cannot be is refused, and nothing is stored', async () => {
  const elsewhere = await add(api, { source: 'https://example.com/acme/attic', forge: 'github' });
  expect([elsewhere.status, elsewhere.body.detail]).toEqual([
    400,
    'A project of GitHub is named by https://github.com/<owner>/<name>.',
  ]);
  const unknown = await add(without, { source: 'https://github.com/acme/attic', forge: 'github' });
  expect([unknown.status, unknown.body.code]).toEqual([409, 'InvalidState']);
  expect(unknown.body.detail).toContain('GITHUB_TOKEN');
  for (const one of [api, without])
    expect(await rowsOf(one.database, `SELECT 1 FROM project WHERE source LIKE '%attic%'`)).toEqual([]);
});

test('a repository of GitHub is imported where GitHub is not configured', async () => {
  expect((await add(without, { source: 'https://github.com/acme/barn' })).body.forge).toBe('local');
});

test('another branch takes the place of the base at GitHub, and open work keeps the name it began with', async () => {
  const { body } = await add(api, { source: 'https://github.com/acme/loft', baseBranch: 'main' });
  const path = `/api/v1/projects/${body.id}`;
  const patched = await api.call('PATCH', path, { body: { baseBranch: 'develop' } });
  expect([patched.status, patched.body]).toMatchObject([
    200,
    {
      baseBranch: 'main',
      forgeBaseBranch: 'develop',
      state: 'importing',
      pullCommand: 'git pull https://github.com/acme/loft.git develop',
    },
  ]);
  expect((await api.call('PATCH', path, { body: { baseBranch: 'main' } })).body).toMatchObject({
    forgeBaseBranch: null,
  });
  const local = await add(without, { source: 'https://github.com/acme/loft' });
  expect((await without.call('PATCH', `/api/v1/projects/${local.body.id}`, { body: { baseBranch: 'x' } })).status).toBe(
    409,
  );
});

test('a base that is gone and a context that is awaited are said with their times, at the project and its queue', async () => {
  const { body } = await add(api, { source: 'https://github.com/acme/mill', baseBranch: 'main' });
  const { id } = body;
  const asked = { key: 'forge:k', purpose: 'first', commit_sha: 'c'.repeat(40), ref: 'r', needs_newer: false };
  const times = { asked_at: '2026-03-01T07:12:30Z', gives_up_at: '2099-03-01T07:42:30Z' };
  const said = { project_id: id, context: 'ci / test', ...asked, ...times };
  await insert(api.database, 'forge_check', { build_id: `project/${id}/t/1`, ...said });
  await insert(api.database, 'forge_check', { build_id: 'h1.1/1', ...said });
  await insert(api.database, 'queue_build', buildOf(id));
  await seedLane(api.database, id);
  await seedEntry(api.database, id);
  const words = `ci / test of the forge’s CI on ${'c'.repeat(12)}, since 2026-03-01 07:12 UTC, until 2099-03-01 07:42 UTC at the latest`;
  const laneOf = async () => (await api.get(`/api/v1/queues?projectId=${id}`)).body.items[0].waitingFor;
  expect((await api.get(`/api/v1/projects/${id}`)).body.waitingFor).toEqual([words]);
  expect(await laneOf()).toBe(words);
  await rowsOf(api.database, `UPDATE project SET base_gone_since = '2026-03-02T08:00:00Z' WHERE id = $1`, [id]);
  const gone = 'the base branch, which is gone at the forge since 2026-03-02 08:00 UTC';
  expect((await api.get(`/api/v1/projects/${id}`)).body.waitingFor).toEqual([gone, words]);
  expect(await laneOf()).toBe(gone);
});

const buildOf = (projectId: string) => ({
  id: 'h1.1/1',
  project_id: projectId,
  branch: 'main',
  head: 1,
  members: [],
  on: [],
  status: 'building',
  workflow_id: 'w',
});
