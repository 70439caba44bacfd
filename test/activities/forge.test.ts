import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createForgeActivities } from '../../activities/forge/forge.activities.js';
import { pullRequestBody, pullRequestTitle } from '../../activities/forge/texts.js';
import { roundMessage } from '../../activities/git/texts.js';
import { type ActivityWorld, activityWorld, asAttempt } from '../support/git/activity-world.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertEpic, insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: ActivityWorld;
let projectId: string;
let base: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await activityWorld(database);
  ({ projectId } = world);
  base = world.source.commit('first', { 'a.txt': 'a\n' });
  await asAttempt(1, world.repository.importSource, { projectId });
  await asAttempt(1, world.repository.createBranch, { projectId, branch: 'millwright/x', from: 'main' });
});
afterEach(() => world.remove());

const forge = () => createForgeActivities(world.deps);
const open = (attempt: number, subject: { taskId?: string; epicId?: string }, headSha = base) =>
  asAttempt(attempt, forge().openPullRequest, {
    projectId,
    headRef: 'millwright/x',
    headSha,
    baseRef: 'main',
    ...subject,
  });

test('a pull request opened twice is one, with the task’s text', async () => {
  const taskId = await insertTask(database.pools.writes, projectId);
  await database.pools.writes.query({ text: `UPDATE task SET summary = 'Did it.' WHERE id = $1`, values: [taskId] });
  const first = await open(1, { taskId });
  expect(first).toEqual({ number: 1, url: null });
  expect(await open(2, { taskId })).toEqual(first);
  expect(await world.forge.readPullRequest(projectId, 1)).toMatchObject({
    title: 'A task',
    body: `Did it.\n\n<!-- millwright:task=${taskId} -->`,
    author: 'Millwright',
    baseRef: 'main',
  });
});

test('an epic’s pull request lists its tasks, and how they stand', async () => {
  const epicId = await insertEpic(database.pools.writes, projectId);
  await insertTask(database.pools.writes, projectId, { epicId, state: 'COMPLETED' });
  await insertTask(database.pools.writes, projectId, { epicId, state: 'IN_PROGRESS' });
  await insertTask(database.pools.writes, projectId, { epicId, state: 'CANCELLED' });
  await open(1, { epicId });
  const { body } = await world.forge.readPullRequest(projectId, 1);
  expect(body).toContain('## Tasks\n\n- [x] A task\n- [ ] A task: in progress\n\n<!--');
  expect(body.endsWith(`\n\n<!-- millwright:epic=${epicId} -->`)).toBe(true);
});

test('a task’s pull request names its epic, the issue and what was checked', async () => {
  const { writes } = database.pools;
  const epicId = await insertEpic(writes, projectId, { title: 'Shop @all' });
  const taskId = await insertTask(writes, projectId, { epicId });
  await writes.query({
    text: `INSERT INTO epic_issue (project_id, issue_key, name, epic_id, url, author, asked_by, seen_hash, seen_at)
           VALUES ($1, '7', '#7', $2, '', 'rita', 'rita', 'h', now())`,
    values: [projectId, epicId],
  });
  for (const [build, outcome] of [
    ['1', 'failed'],
    ['2', 'passed'],
  ])
    await writes.query({
      text: `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, build_id, duration_ms, expires_at)
             VALUES (gen_random_uuid(), $1, $2, 'test', $3, $4, $5, 1234, now() + interval '1 day')`,
      values: [projectId, `${taskId}/${build}`, build?.repeat(40), outcome, `task/${taskId}/${build}`],
    });
  await open(1, { taskId });
  const { body } = await world.forge.readPullRequest(projectId, 1);
  expect(body).toContain('## Checks\n\n- ✅ test passed on tree `222222222222` in 1.2 s');
  expect(body).toContain('Part of “Shop &#64;\u200ball” (#7).');
});

test('a pull request is read, closed once and again', async () => {
  const taskId = await insertTask(database.pools.writes, projectId);
  await open(1, { taskId });
  const ref = { projectId, number: 1 };
  expect(await asAttempt(1, forge().readPullRequest, ref)).toEqual({
    number: 1,
    url: null,
    state: 'open',
    headSha: base,
    mergeCommitSha: null,
  });
  for (const attempt of [1, 2])
    await asAttempt(attempt, forge().closePullRequest, { ...ref, reason: 'The task was cancelled.' });
  expect(await asAttempt(1, forge().readPullRequest, ref)).toMatchObject({ state: 'closed' });
});

test('a pull request of nobody, of the unknown and against no branch is refused', async () => {
  await expect(open(1, {})).rejects.toMatchObject({ type: 'InvalidInput' });
  await expect(open(1, { taskId: projectId })).rejects.toMatchObject({ type: 'NotFound' });
  const taskId = await insertTask(database.pools.writes, projectId);
  await expect(
    asAttempt(1, forge().openPullRequest, {
      projectId,
      taskId,
      headRef: 'millwright/x',
      headSha: base,
      baseRef: 'none',
    }),
  ).rejects.toMatchObject({ type: 'NotFound' });
});

test('what an agent writes cannot forge a marker or break a title', () => {
  const facts = {
    kind: 'task',
    title: ' a\nb ',
    description: 'Do it <!-- millwright:task=other --> ![x](https://a.example/?q) @rita',
    summary: null,
    tasks: [],
    checks: [],
    epicTitle: null,
    issue: null,
    takesComments: true,
  } as const;
  expect(pullRequestTitle(facts)).toBe('a b');
  expect(pullRequestTitle({ title: 'a\0b' })).toBe('a\\u{0}b');
  expect(pullRequestBody(facts, 'millwright:task=1').replaceAll('\u200b', '·')).toMatchInlineSnapshot(`
"## Asked for

Do it &lt;!-- millwright:task=other --> &#33;[x&#93;(https:·//a.example/?q) @·rita

Steer it by a comment: \`/millwright ask <text>\`, \`/millwright pause\`, \`/millwright resume\`, \`/millwright retry\`, \`/millwright cancel\`. A draft is not landed.

<!-- millwright:task=1 -->"
`);
});

test('a body that is too long is cut, and still ends with its marker', () => {
  const tasks = Array.from({ length: 300 }, () => ({ title: '#'.repeat(200), state: 'PENDING', prNumber: 1 }) as const);
  const body = pullRequestBody(
    {
      kind: 'epic',
      title: 'a',
      description: '@'.repeat(10_000),
      summary: null,
      tasks,
      checks: [],
      epicTitle: null,
      issue: null,
      takesComments: true,
    },
    'millwright:epic=1',
  );
  expect(body.length).toBeLessThan(65_536);
  expect(body.endsWith('… shortened.\n\n<!-- millwright:epic=1 -->')).toBe(true);
});

test('a round’s message has a short subject and the summary', () => {
  const text = { title: 'Add a thing', summary: 'It was added.\n', round: 2, isMerge: false };
  expect(roundMessage(text)).toBe('Add a thing (round 2)\n\nIt was added.');
  expect(roundMessage({ ...text, summary: '', isMerge: true })).toBe('Merge the target branch: Add a thing');
  expect(roundMessage({ ...text, title: 'x'.repeat(100), round: 1, summary: '' })).toHaveLength(72);
});
