import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NO_LINEAR } from '../../infra/config/linear.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf } from '../support/api/seed.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ linear: { ...NO_LINEAR, access: 'key' } });
});
afterAll(async () => {
  await api.stop();
});

const add = (body: object) => api.post('/api/v1/projects', body);
const patch = (id: unknown, body: object) => api.call('PATCH', `/api/v1/projects/${id}`, { body });
const told = () => rowsOf<{ readonly name: string }>(api.database, `SELECT name FROM outbox ORDER BY id`);

test('a project is added with a team of Linear, linked to another, and unlinked', async () => {
  const { status, body } = await add({ source: 'https://example.com/acme/shop', linearTeam: 'eng' });
  expect([status, body.linear]).toEqual([201, { team: 'ENG', isFound: false, problem: null }]);
  expect((await told()).map(({ name }) => name).toSorted()).toEqual(['forgeHinted', 'projectChanged']);
  await rowsOf(api.database, `UPDATE project SET linear_team_id = gen_random_uuid(), linear_problem = 'x'`);
  const linked = await patch(body.id, { linearTeam: 'OPS' });
  expect(linked.body.linear).toEqual({ team: 'OPS', isFound: false, problem: null });
  expect(await rowsOf(api.database, 'SELECT linear_team_id FROM project WHERE id = $1', [body.id])).toEqual([
    { linear_team_id: null },
  ]);
  const unlinked = await patch(body.id, { linearTeam: 'none' });
  expect([unlinked.status, unlinked.body.linear]).toEqual([200, null]);
});

test('a team is one project’s', async () => {
  const first = await add({ source: 'https://example.com/acme/a', linearTeam: 'TEAM' });
  expect(first.status).toBe(201);
  const second = await add({ source: 'https://example.com/acme/b', linearTeam: 'team' });
  expect([second.status, second.body.detail]).toEqual([409, 'Another project takes the issues of the team TEAM.']);
  expect(await rowsOf(api.database, `SELECT 1 FROM project WHERE source LIKE '%/b'`)).toEqual([]);
});

test.each(['', 'E G', 'x'.repeat(40), "ENG'"])('%j is no key of a team', async (linearTeam) => {
  expect((await add({ source: 'https://example.com/acme/c', linearTeam })).status).toBe(400);
});

test('where nothing opens Linear, no project is linked to it', async () => {
  const without = await TestApi.start();
  try {
    const { status, body } = await without.post('/api/v1/projects', {
      source: 'https://example.com/acme/shop',
      linearTeam: 'ENG',
    });
    expect([status, body.detail]).toEqual([409, 'Linear is not configured: set LINEAR_API_KEY (see docs/linear.md).']);
  } finally {
    await without.stop();
  }
});
