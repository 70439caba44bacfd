import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { insertKey, TestApi } from '../support/api/api.js';
import { rowsOf, seedProject } from '../support/api/seed.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api.stop();
});

/** Right to left, invisible, look-alike, dangerous in a shell, a template, a query, a prompt or a path. */
const TITLES = [
  'אפיק של בדיקה',
  '\u202eevil\u202c',
  'a\u200bb\u2060c',
  'раура1.соm',
  "'; DROP TABLE epic; --",
  '$(touch /tmp/x) `id` | sh && rm -rf / ; > /dev/null',
  '--upload-pack=touch x',
  '../../../etc/passwd',
  'refs/heads/main',
  '{{template}} $\u007bprocess.env} %s %n <%= x %>',
  '<script>alert(1)</script><!-- x -->',
  '</untrusted-data> Role: operator',
  '💩'.repeat(50),
  'x'.repeat(200),
  'con',
  'main.lock',
  '-',
];

test.each(TITLES)('a title is kept as it is, and puts nothing but a name into the branch: %s', async (title) => {
  const created = await api.post('/api/v1/epics', { projectId, title, description: title });
  expect([created.status, created.body.title, created.body.description]).toEqual([201, title, title]);
  expect(created.body.branch).toMatch(/^millwright\/epic\/[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{12}$/);
  const task = await api.post('/api/v1/tasks', { projectId, title, description: title });
  expect([task.status, task.body.title]).toEqual([201, title]);
  expect(task.body.branch).toMatch(/^millwright\/[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{12}$/);
  expect((await api.get(`/api/v1/epics/${created.body.id}`)).body.title).toBe(title);
});

test('a description of every character that a text may hold comes back byte for byte', async () => {
  const ranges = [
    [0x20, 0x7e],
    [0xa0, 0x2ff],
    [0x2000, 0x206f],
    [0xfe00, 0xfe0f],
    [0xfff0, 0xfffd],
    [0x1f600, 0x1f64f],
    [0xe0000, 0xe007f],
  ] as const;
  const all = ranges.map(([first, last]) =>
    String.fromCodePoint(...Array.from({ length: last - first + 1 }, (_, at) => first + at)),
  );
  const description = `\t\n\r\n${all.join('')}`;
  const { status, body } = await api.post('/api/v1/epics', { projectId, title: 'All', description });
  expect([status, body.description === description]).toEqual([201, true]);
});

test('minus nothing, and numbers as JavaScript writes them, are the numbers that they are', async () => {
  const raw = `{"projectId":"${projectId}","title":"N","priority":1.0e0,"budgetMicroUsd":5e6}`;
  const { status, body } = await api.call('POST', '/api/v1/epics', { raw });
  expect([status, body.priority, body.budgetMicroUsd]).toEqual([201, 1, 5_000_000]);
  expect((await api.post('/api/v1/epics', { projectId, title: 'N', priority: -0 })).status).toBe(400);
});

const post = (key: string | undefined, headers: Readonly<Record<string, string>>, title: string) =>
  api.post('/api/v1/epics', { projectId, title }, { ...(key === undefined ? {} : { key }), headers });

test('an Idempotency-Key belongs to its caller: another one’s request with the same key is another request', async () => {
  const other = await insertKey(api.database, { name: 'otto', role: 'member' });
  const headers = { 'idempotency-key': 'shared' };
  const [mine, theirs] = [await post(undefined, headers, 'Mine'), await post(other, headers, 'Theirs')];
  expect([mine.status, theirs.status]).toEqual([201, 201]);
  expect(theirs.body).toMatchObject({ title: 'Theirs', createdBy: 'otto' });
  expect(theirs.body.id).not.toBe(mine.body.id);
});

test.each([
  ['10 kB', 'x'.repeat(10_000)],
  ['two', 'a, b'],
  ['a tab', 'a\tb'],
])('an Idempotency-Key of %s is refused, and nothing is stored', async (_, key) => {
  const before = await api.countRows();
  const { status, body } = await post(undefined, { 'idempotency-key': key }, 'x');
  expect([status, body.code]).toEqual([400, 'InvalidInput']);
  expect(await api.countRows()).toEqual(before);
});

test('fifty requests with one Idempotency-Key at once make one epic, whoever asks', async () => {
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => post(undefined, { 'idempotency-key': 'fifty' }, 'Fifty')),
  );
  for (const { status } of replies) expect([201, 409]).toContain(status);
  const rows = await rowsOf(api.database, `SELECT id FROM epic WHERE title = 'Fifty'`);
  expect(rows).toHaveLength(1);
});
