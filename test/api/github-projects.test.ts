import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NO_GITHUB } from '../../infra/config/github.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf } from '../support/api/seed.js';

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
