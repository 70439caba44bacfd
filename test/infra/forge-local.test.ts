import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { LocalForge } from '../../infra/forge/local/local-forge.js';
import type { OpenPullRequest } from '../../infra/forge/port.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { testGit } from '../support/git/repositories.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertProject, insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: GitWorld;
let forge: LocalForge;
let projectId: string;
let input: OpenPullRequest;
let base: string;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await gitWorld();
  base = world.source.commit('first', { 'a.txt': 'a\n' });
  const repositories = new ProjectRepositories(testGit(), join(world.home, 'forges'));
  forge = new LocalForge({ pools: database.pools, repositories });
});
afterAll(async () => {
  world.remove();
  await database.drop();
});
beforeEach(async () => {
  projectId = await insertProject(database.pools.writes);
  const taskId = await insertTask(database.pools.writes, projectId);
  await forge.prepare(projectId);
  input = {
    projectId,
    taskId,
    headRef: 'millwright/a-task',
    headSha: base,
    baseRef: 'main',
    baseSha: base,
    title: 'A task',
    body: 'What was done\n',
    marker: `task=${taskId}`,
    author: 'Millwright',
  };
  await push(base, 'millwright/a-task');
});

const push = async (sha: string, branch: string): Promise<void> => {
  const { url } = await forge.remote(projectId);
  world.source.git('push', '-q', '-f', url, `${sha}:refs/heads/${branch}`);
};

test('numbers are unique within a project', async () => {
  const branches = Array.from({ length: 10 }, (_, n) => `millwright/b${n}`);
  const { url } = await forge.remote(projectId);
  world.source.git('push', '-q', url, ...branches.map((branch) => `${base}:refs/heads/${branch}`));
  const all = await Promise.all(
    branches.map((headRef) => forge.openPullRequest({ ...input, headRef, marker: headRef })),
  );
  expect(all.map(({ number }) => number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('merged is marked once; the same commit again is success, another one a conflict', async () => {
  await forge.openPullRequest(input);
  await forge.markMerged(projectId, 1, base);
  await forge.markMerged(projectId, 1, base);
  await expect(forge.markMerged(projectId, 1, '1'.repeat(40))).rejects.toMatchObject({ type: 'Conflict' });
  expect(await forge.openPullRequest(input)).toMatchObject({ number: 1, state: 'merged', mergeCommitSha: base });
});

test('why it was closed stands at the end of its text', async () => {
  await forge.openPullRequest(input);
  await forge.closePullRequest(projectId, 1, 'the task was cancelled');
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({
    body: 'What was done\n\n\n---\nClosed: the task was cancelled',
  });
});

test('an open pull request whose branch is gone says so', async () => {
  await forge.openPullRequest(input);
  const { url } = await forge.remote(projectId);
  world.source.git('push', '-q', url, ':refs/heads/millwright/a-task');
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ state: 'open', headSha: base, isHeadGone: true });
});

test('it has no merge of its own, and says which setting wants one', async () => {
  await forge.openPullRequest(input);
  expect(await forge.mergePullRequest(projectId, 1)).toEqual({
    kind: 'refused',
    message: 'the local forge has no merge of its own: take `merge.via: api` away',
  });
});
