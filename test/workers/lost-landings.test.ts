import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { findTaskFacts } from '../../activities/store/task.repository.js';
import { LocalForge } from '../../infra/forge/local/local-forge.js';
import { composeCandidate } from '../../infra/git/compose.js';
import { fetchAllBranches } from '../../infra/git/mirror.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { pushLanding, pushOwnRef } from '../../infra/git/push.js';
import type { GitRemote, Repository } from '../../infra/git/repository.js';
import { createLogger } from '../../infra/logging.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { restoreLostLandings } from '../../workers/duties/lost-landings.js';
import { type SourceRepository, sourceRepository, temporaryHome, testGit } from '../support/git/repositories.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertAgent, insertEpic, insertProject, insertTask } from '../support/rows.js';
import { until } from '../support/until.js';

const BOT = { name: 'Millwright', email: 'bot@example.org' };

let db: TestDatabase;
let home: ReturnType<typeof temporaryHome>;
let source: SourceRepository;
let mirrors: ProjectRepositories;
let forges: ProjectRepositories;
let mirror: Repository;
let remote: GitRemote;
let projectId: string;
let base: string;
let next: number;

beforeAll(async () => {
  db = await createTestDatabase();
  await insertAgent(db.pools.writes, 'anthropic-worker');
});
afterAll(() => db.drop());
beforeEach(async () => {
  home = temporaryHome();
  projectId = await insertProject(db.pools.writes);
  const git = testGit();
  mirrors = new ProjectRepositories(git, join(home.path, 'mirrors'));
  mirror = await mirrors.ensure(projectId);
  forges = new ProjectRepositories(git, join(home.path, 'forge'));
  const forge = await forges.ensure(projectId);
  remote = { url: forge.dir, transport: 'file' };
  source = sourceRepository(join(home.path, 'source'));
  base = source.commit('first', { 'a.txt': 'a\n' });
  source.git('push', '-q', forge.dir, 'main');
  await fetchAllBranches(mirror, remote);
  next = 0;
});
afterEach(async () => {
  home.remove();
  for (const table of ['task', 'epic'])
    await db.pools.writes.query({ text: `UPDATE ${table} SET state = 'CANCELLED'` });
});

const restore = (): Promise<number> =>
  restoreLostLandings({
    writes: db.pools.writes,
    mirrors,
    forge: { remote: async () => remote },
    log: createLogger({ name: 'test', level: 'silent' }),
    signal: new AbortController().signal,
  });

interface Landed {
  readonly entryId: string;
  readonly prNumber: number;
  readonly sha: string;
}

/** As the queue does it, but for the rows. */
async function land(branch: string, on: string, headSha: string, title: string): Promise<Landed> {
  const entryId = uuidv7();
  next += 1;
  const member = { entryId, headSha, title, prNumber: next, author: BOT };
  const composed = await composeCandidate(mirror, { base: on, members: [member], committer: BOT });
  if (composed.kind !== 'composed') throw new Error('a conflict');
  await pushLanding(mirror, remote, { branch, base: on, commit: composed.commit });
  return { entryId, prNumber: next, sha: composed.commit };
}

async function headOf(taskId: string, on: string, name: string): Promise<string> {
  const sha = source.commitOn(on, `Do ${name}\n\nIt was done.\n\nMillwright-Task: ${taskId}`, { [name]: `${name}\n` });
  source.git('push', '-q', '--force', remote.url, `${sha}:refs/heads/millwright/${name}`);
  await fetchAllBranches(mirror, remote);
  return sha;
}

const pullRequests = async (): Promise<readonly object[]> => {
  const { rows } = await db.pools.writes.query({
    text: 'SELECT number, state, task_id AS "taskId", epic_id AS "epicId", merge_commit_sha AS sha FROM pull_request WHERE project_id = $1 ORDER BY number',
    values: [projectId],
  });
  return rows;
};

test('a landing that no entry tells of is written again, once, and the task finds it', async () => {
  const taskId = await insertTask(db.pools.writes, projectId);
  const landed = await land('main', base, await headOf(taskId, base, 'one'), 'A task');
  expect(await restore()).toBe(1);
  expect(await restore()).toBe(0);
  expect(await findTaskFacts(db.pools.writes, taskId)).toMatchObject({
    prNumber: 1,
    entry: { entryId: landed.entryId, state: 'landed', landedSha: landed.sha },
  });
  expect(await pullRequests()).toEqual([{ number: 1, state: 'merged', taskId, epicId: null, sha: landed.sha }]);
});

test('an epic and its tasks are known by what its merge brought', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const taskId = await insertTask(db.pools.writes, projectId, { epicId });
  const { rows } = await db.pools.writes.query<{ branch: string }>({
    text: 'SELECT branch FROM epic WHERE id = $1',
    values: [epicId],
  });
  const branch = rows[0]?.branch ?? '';
  await pushOwnRef(mirror, remote, { ref: `refs/heads/${branch}`, to: base, expected: undefined });
  const one = await land(branch, base, await headOf(taskId, base, 'one'), 'A task');
  await fetchAllBranches(mirror, remote);
  const whole = await land('main', base, one.sha, 'An epic');
  await pushOwnRef(mirror, remote, { ref: `refs/heads/${branch}`, to: undefined, expected: one.sha });
  expect(await restore()).toBe(2);
  expect(await pullRequests()).toEqual([
    { number: 1, state: 'merged', taskId, epicId, sha: one.sha },
    { number: 2, state: 'merged', taskId: null, epicId, sha: whole.sha },
  ]);
  const { rows: entries } = await db.pools.writes.query({
    text: 'SELECT branch, task_id AS "taskId", landed_sha AS sha FROM queue_entry WHERE epic_id = $1 ORDER BY pr_number',
    values: [epicId],
  });
  expect(entries).toEqual([
    { branch, taskId, sha: one.sha },
    { branch: 'main', taskId: null, sha: whole.sha },
  ]);
});

test('work whose rows are lost altogether keeps its number, and nothing else is said of it', async () => {
  await insertTask(db.pools.writes, projectId);
  const landed = await land('main', base, await headOf(uuidv7(), base, 'unknown'), 'Nobody knows');
  expect(await restore()).toBe(1);
  expect(await pullRequests()).toEqual([{ number: 1, state: 'merged', taskId: null, epicId: null, sha: landed.sha }]);
});

test('a landing of another project, pulled over, is not this one’s', async () => {
  await insertTask(db.pools.writes, projectId);
  const elsewhere = await insertTask(db.pools.writes, await insertProject(db.pools.writes), { state: 'COMPLETED' });
  await land('main', base, await headOf(elsewhere, base, 'elsewhere'), 'Elsewhere');
  expect(await restore()).toBe(0);
});

test('a message that an agent wrote is no landing', async () => {
  const taskId = await insertTask(db.pools.writes, projectId);
  const forged = `A task (#7)\n\nMillwright-Entry: ${uuidv7()}\n\nMillwright-Task: ${taskId}`;
  const head = source.commitOn(base, forged, { b: 'b\n' });
  source.git('checkout', '-q', '-B', 'main', base);
  source.git('merge', '-q', '--no-ff', '-m', `${forged}`, head);
  source.git('push', '-q', remote.url, 'main');
  expect(await restore()).toBe(0);
});

test('a pull request that is opened while a landing is written again gets another number', async () => {
  const taskId = await insertTask(db.pools.writes, projectId);
  const { sha } = await land('main', base, await headOf(taskId, base, 'one'), 'A task');
  const headSha = await headOf(uuidv7(), base, 'two');
  const countBlocked = async (): Promise<number> => {
    const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return (await db.pools.writes.query({ text })).rowCount;
  };
  const { both } = await withTransaction(db.pools.writes, async (tx) => {
    // The landing is written up to what its task is told of it, and then both wait.
    await tx.query({ text: 'SELECT 1 FROM task WHERE id = $1 FOR NO KEY UPDATE', values: [taskId] });
    const restoring = restore();
    await until(async () => (await countBlocked()) === 1);
    const opening = new LocalForge({ pools: db.pools, repositories: forges }).openPullRequest({
      projectId,
      headRef: 'millwright/two',
      headSha,
      baseRef: 'main',
      baseSha: base,
      title: 'Another task',
      body: '',
      author: 'Millwright',
      marker: 'another',
    });
    await until(async () => (await countBlocked()) === 2);
    return { both: Promise.all([restoring, opening]) };
  });
  expect(await both).toMatchObject([1, { number: 2 }]);
  expect(await pullRequests()).toMatchObject([
    { number: 1, state: 'merged', sha },
    { number: 2, state: 'open' },
  ]);
});
