import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubGateReports } from '../../../infra/forge/github/github-gate-reports.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../../support/github/project-world.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertTask } from '../../support/rows.js';

let database: TestDatabase;
let world: GitHubProjectWorld;
let headSha: string;
let taskId: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await githubProjectWorld(database);
  headSha = (await world.github.people.tip(SHOP)) ?? '';
  taskId = await insertTask(database.pools.writes, world.projectId);
  await sql(`UPDATE task SET state = 'REVIEW', pr_number = 1, head_sha = $2 WHERE id = $1`, taskId, headSha);
});
afterEach(() => world.close());

const sql = async (text: string, ...values: readonly unknown[]) =>
  (await database.pools.writes.query({ text, values })).rows;
const look = (access = world.access) => {
  const { forge, mirrors, projectId } = world;
  const { pools } = database;
  const gates = new GitHubGateReports({ pools, access });
  const { reconcileForge } = createForgeWatchActivities({ pools, forge, mirrors, gates });
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(reconcileForge, { projectId });
};
const verdict = (build: number, outcome: string, failed: readonly string[] = []) =>
  sql(
    `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, failed_tests, build_id, duration_ms, expires_at)
     VALUES (gen_random_uuid(), $1, $2, 'test', $3, $4, $5, $6, 1234, now() + interval '1 day')`,
    world.projectId,
    `${taskId} ${build}`,
    'c'.repeat(40),
    outcome,
    failed,
    `task/${taskId}/${build}`,
  );
const enqueue = () =>
  sql(
    `INSERT INTO queue_entry (id, project_id, branch, pr_number, owner, title, head_ref, head_sha, seq, state, enqueued_by)
     VALUES (gen_random_uuid(), $1, 'main', 1, 'task/x', 'A', 'millwright/a', $2, 1, 'queued', 'test')`,
    world.projectId,
    headSha,
  );
const runs = () =>
  world.github.state.checkRuns.map(({ name, status, conclusion, title, summary }) => ({
    name,
    status,
    conclusion,
    title,
    summary,
  }));
const writes = () =>
  world.github.requests.filter(({ method, path }) => method !== 'GET' && path.includes('/check-runs')).length;

test('the checks of a task are one run on its head, edited when another verdict comes', async () => {
  await verdict(1, 'failed', ['adds @rita']);
  world.github.faults.add({ method: 'POST', path: /\/check-runs$/, act: { kind: 'apply-then-cut' } });
  await look();
  await look();
  expect(runs()).toMatchObject([{ conclusion: 'neutral', title: '1 of 1 failed' }]);
  expect(runs()[0]?.summary).toContain('  - adds &#64;\u200brita');
  await verdict(2, 'passed');
  await look();
  expect(runs()).toEqual([
    {
      name: 'millwright / checks',
      status: 'completed',
      conclusion: 'success',
      title: '1 passed',
      summary: 'The work, merged into its target branch:\n\n- **test** passed on tree `cccccccccccc` in 1.2 s',
    },
  ]);
});

test('an entry costs two writes, however often one looks and however it waits', async () => {
  await enqueue();
  await look();
  const before = writes();
  expect(before).toBe(1);
  expect(runs()).toMatchObject([
    { name: 'millwright / merge queue', status: 'in_progress', title: 'In the queue of main' },
  ]);
  for (const state of ['active', 'rebasing', 'active']) {
    await sql('UPDATE queue_entry SET state = $2 WHERE project_id = $1', world.projectId, state);
    await look();
  }
  expect(writes()).toBe(before);
  await sql(
    `UPDATE queue_entry SET state = 'ejected', reason = 'PR_DRAFT', decided_at = now() WHERE project_id = $1`,
    world.projectId,
  );
  await look();
  await look();
  expect(writes()).toBe(before + 1);
  expect(runs()).toMatchObject([{ status: 'completed', conclusion: 'failure', title: 'Not landed: PR_DRAFT' }]);
});

test('with a person’s token a commit status says it', async () => {
  await enqueue();
  const { token } = world.github.admin.user('rita', { [SHOP]: 'write' });
  const identity = { kind: 'token', token } as const;
  const { url, apiUrl } = world.github;
  await look(new GitHubAccess({ webUrl: url, apiUrl, identity }, database.pools));
  expect(world.github.state.statuses).toMatchObject([{ context: 'millwright / merge queue', state: 'pending' }]);
  expect(runs()).toEqual([]);
});
