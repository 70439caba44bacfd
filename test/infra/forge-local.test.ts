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

test('opening again adopts the pull request and brings its text up to date', async () => {
  const first = await forge.openPullRequest(input);
  expect(first).toMatchObject({ number: 1, state: 'open', headSha: base, isHeadGone: false, mergeCommitSha: null });
  const later = world.source.commitOn(base, 'later', { 'b.txt': 'b\n' });
  await push(later, 'millwright/a-task');
  expect(await forge.openPullRequest({ ...input, headSha: later, title: 'A better title' })).toMatchObject({
    number: 1,
    title: 'A better title',
    headSha: later,
  });
  expect(await forge.listPullRequests(projectId, {})).toHaveLength(1);
});

test('many openings at once make one pull request', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => forge.openPullRequest(input)));
  expect(new Set(all.map(({ number }) => number))).toEqual(new Set([1]));
});

test('numbers are unique within a project', async () => {
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      forge.openPullRequest({ ...input, headRef: `millwright/b${n}`, marker: `m${n}` }),
    ),
  );
  expect(all.map(({ number }) => number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('another author’s open pull request of the same branches is a conflict', async () => {
  await forge.openPullRequest(input);
  await expect(forge.openPullRequest({ ...input, marker: 'task=other' })).rejects.toMatchObject({ type: 'Conflict' });
});

test('an open pull request follows its branch, an ended one keeps where it stood', async () => {
  await forge.openPullRequest(input);
  const later = world.source.commitOn(base, 'later', { 'c.txt': 'c\n' });
  await push(later, 'millwright/a-task');
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ headSha: later });
  await forge.markMerged(projectId, 1, later);
  await push(base, 'millwright/a-task');
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ headSha: later, state: 'merged' });
});

test('merged is marked once; the same commit again is success, another one a conflict', async () => {
  await forge.openPullRequest(input);
  await forge.markMerged(projectId, 1, base);
  await forge.markMerged(projectId, 1, base);
  await expect(forge.markMerged(projectId, 1, '1'.repeat(40))).rejects.toMatchObject({ type: 'Conflict' });
  expect(await forge.openPullRequest(input)).toMatchObject({ number: 1, state: 'merged', mergeCommitSha: base });
});

test('closing says why, is repeatable, and leaves a merged one alone', async () => {
  await forge.openPullRequest(input);
  await forge.closePullRequest(projectId, 1, 'the task was cancelled');
  await forge.closePullRequest(projectId, 1, 'again');
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({
    state: 'closed',
    body: 'What was done\n\n\n---\nClosed: the task was cancelled',
  });
  expect(await forge.openPullRequest(input)).toMatchObject({ number: 2, state: 'open' });
  await forge.markMerged(projectId, 2, base);
  await forge.closePullRequest(projectId, 2, 'late');
  expect(await forge.readPullRequest(projectId, 2)).toMatchObject({ state: 'merged' });
  expect((await forge.listPullRequests(projectId, { state: 'closed' })).map(({ number }) => number)).toEqual([1]);
});

test('a deleted branch is told', async () => {
  await forge.openPullRequest(input);
  const { url } = await forge.remote(projectId);
  world.source.git('push', '-q', url, ':refs/heads/millwright/a-task');
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ headSha: base, isHeadGone: true });
});

test('what is not there is NotFound', async () => {
  await expect(forge.readPullRequest(projectId, 9)).rejects.toMatchObject({ type: 'NotFound' });
  await expect(forge.closePullRequest(projectId, 9, 'x')).rejects.toMatchObject({ type: 'NotFound' });
  await expect(forge.remote('0000')).rejects.toMatchObject({ type: 'NotFound' });
});
