import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { GitHubAccess } from '../../infra/forge/github/access.js';
import { GitHubForge } from '../../infra/forge/github/github-forge.js';
import type { OpenPullRequest } from '../../infra/forge/port.js';
import { fetchBranch } from '../../infra/git/mirror.js';
import { pushLanding, pushOwnRef } from '../../infra/git/push.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { ANSWERS } from '../support/github/faults/faults.js';
import { type GitHub, startGitHub } from '../support/github/start.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertGitHubProject, insertTask } from '../support/rows.js';

const REPO = 'acme/shop';
let database: TestDatabase;
let world: GitWorld;
let github: GitHub;
let access: GitHubAccess;
let forge: GitHubForge;
let projectId: string;
let base: string;
let input: OpenPullRequest;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await gitWorld();
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'one\n' } });
  const { id: appId, privateKey, slug } = github.app;
  const identity = { kind: 'app', appId, privateKey, slug } as const;
  access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, database.pools);
  forge = new GitHubForge({ pools: database.pools, access });
  projectId = await insertGitHubProject(database.pools.writes, REPO, github.url);
  const taskId = await insertTask(database.pools.writes, projectId);
  expect(await forge.prepare(projectId)).toEqual({ kind: 'own', defaultBranch: 'main' });
  base = await fetchBranch(world.mirror, await forge.remote(projectId), 'main');
  world.source.git('fetch', '-q', world.mirror.dir, 'refs/millwright/forge/main');
  world.source.git('reset', '-q', '--hard', base);
  const marker = `millwright:task=${taskId}`;
  input = {
    projectId,
    taskId,
    headRef: 'millwright/a-task',
    headSha: await pushed('millwright/a-task'),
    baseRef: 'main',
    baseSha: base,
    title: 'A task',
    body: `What was done\n\n<!-- ${marker} -->`,
    marker,
    author: 'Millwright',
  };
});
afterEach(async () => {
  world.remove();
  await github.close();
  await database.pools.writes.query({ text: 'DELETE FROM forge_limit' });
});

/** A commit on the base, pushed to a branch as the product does. */
async function pushed(branch: string): Promise<string> {
  const sha = world.source.commitOn(base, branch, { 'b.txt': branch });
  await world.take(sha);
  const ref = { ref: `refs/heads/${branch}`, to: sha, expected: undefined };
  await pushOwnRef(world.mirror, await forge.remote(projectId), ref);
  return sha;
}

test('a pull request is opened under the name of the App', async () => {
  expect(await forge.openPullRequest(input)).toMatchObject({ number: 1, author: 'millwright[bot]' });
});

test('a landing that makes its head reachable is seen as merged, and kept in the row', async () => {
  const { number } = await forge.openPullRequest(input);
  await expect(forge.markMerged(projectId, number, input.headSha)).rejects.toMatchObject({ type: 'Unavailable' });
  const landed = { branch: 'main', base, commit: input.headSha, head: { branch: input.headRef, sha: input.headSha } };
  expect(await pushLanding(world.mirror, await forge.remote(projectId), landed)).toEqual({ kind: 'pushed' });
  await forge.markMerged(projectId, number, input.headSha);
  const { rows } = await database.pools.writes.query({
    text: 'SELECT state, closed_at IS NOT NULL AS closed FROM pull_request WHERE project_id = $1',
    values: [projectId],
  });
  expect(rows).toEqual([{ state: 'merged', closed: true }]);
  expect(await forge.openPullRequest(input)).toMatchObject({ number, state: 'merged' });
});

test('why it was closed is one comment, which bears a marker', async () => {
  const { number } = await forge.openPullRequest(input);
  await forge.closePullRequest(projectId, number, 'cancelled');
  expect(github.state.comments.map(({ body }) => body)).toEqual(['Closed: cancelled\n\n<!-- millwright:closed -->']);
});

describe('GitHub’s own merge', () => {
  const merge = (headSha = input.headSha) => forge.mergePullRequest(projectId, 1, { headSha, message: 'M\n\nof it' });
  const opened = () => forge.openPullRequest(input);

  test('lands under the message that it was given', async () => {
    await opened();
    const outcome = await merge();
    const tip = (await github.people.tip(REPO)) ?? '';
    expect(outcome).toEqual({ kind: 'merged', commit: tip });
    expect(await github.people.git(REPO, 'show', '-s', '--format=%B|%P', tip)).toBe(
      `M\n\nof it\n|${base} ${input.headSha}`,
    );
    expect(await merge()).toMatchObject({ kind: 'refused' });
  });

  test('of a head that moved is refused as such', async () => {
    await opened();
    expect(await merge(base)).toEqual({ kind: 'headMoved' });
  });

  test.each([
    [
      'a conflict',
      async () => void (await github.people.push({ repository: REPO, branch: 'main', files: { 'b.txt': 'other' } })),
    ],
    ['a rule', async () => github.admin.protect(REPO, { requiredApprovals: 1 })],
    ['a draft', () => github.people.setDraft({ repository: REPO, number: 1, isDraft: true })],
    ['its end', () => github.people.closePullRequest({ repository: REPO, number: 1 })],
  ])('is refused for %s, and changes nothing', async (_, happen) => {
    await opened();
    await happen();
    const tip = await github.people.tip(REPO);
    expect(await merge()).toMatchObject({ kind: 'refused' });
    expect(await github.people.tip(REPO)).toBe(tip);
  });
});

test.each([
  ['an error of the server', ANSWERS.serverError, 'Unavailable'],
  ['a page of a proxy', ANSWERS.badGatewayPage, 'Unavailable'],
  ['a refusal', ANSWERS.forbidden, 'PermissionDenied'],
  ['credentials that do not hold', ANSWERS.badCredentials, 'PermissionDenied'],
  ['nothing there', ANSWERS.notFound, 'NotFound'],
  ['gone', ANSWERS.gone, 'NotFound'],
  ['a conflict', ANSWERS.conflict, 'Conflict'],
  ['a validation that failed', ANSWERS.unprocessable, 'InvalidInput'],
  ['a legal block', ANSWERS.legal, 'PermissionDenied'],
  ['a cut connection', { kind: 'cut' } as const, 'Unavailable'],
])('%s is a failure of its kind', async (_, act, type) => {
  github.faults.add({ method: 'GET', path: /\/pulls\/7$/, act, times: 9 });
  const failed = await forge.readPullRequest(projectId, 7).catch((error: unknown) => error);
  expect(failed).toMatchObject({ type });
  expect(JSON.stringify(failed)).not.toMatch(/gh[ps]_/);
  github.forgive();
});

test('half an answer is none', async () => {
  const { number } = await forge.openPullRequest(input);
  github.faults.add({ method: 'GET', path: /\/pulls\/1$/, act: { kind: 'truncate' } });
  await expect(forge.readPullRequest(projectId, number)).rejects.toMatchObject({ type: 'Unavailable' });
  expect(await forge.readPullRequest(projectId, number)).toMatchObject({ number });
});

test('a limit that one request meets stops all others until its time', async () => {
  github.faults.add({ method: 'GET', path: /\/pulls\/7$/, act: ANSWERS.secondaryLimit(403, 120) });
  await expect(forge.readPullRequest(projectId, 7)).rejects.toMatchObject({
    type: 'RateLimited',
    retryAfterMs: expect.any(Number),
  });
  const before = github.requests.length;
  await expect(forge.openPullRequest(input)).rejects.toMatchObject({ type: 'RateLimited' });
  expect(github.requests.length).toBe(before);
});

test('every token is for one repository and the permissions of one operation, and is given back at the end', async () => {
  await forge.openPullRequest(input);
  const tokens = github.tokens.filter(({ kind }) => kind === 'installation');
  expect(tokens.length).toBeGreaterThan(1);
  for (const token of tokens) {
    expect(token.repositoryIds).toHaveLength(1);
    expect(Object.keys(token.permissions ?? {}).length).toBeLessThanOrEqual(3);
  }
  await access.revokeAll();
  expect(tokens.every(({ revokedAtMs }) => revokedAtMs !== null)).toBe(true);
});

test('a token that was revoked behind our back is replaced', async () => {
  await forge.openPullRequest(input);
  for (const token of github.tokens) token.revokedAtMs = github.clock.now();
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ number: 1 });
});

test('git, too, gets another token where the one it was given is none any more', async () => {
  const remote = await forge.remote(projectId);
  for (const token of github.tokens) token.revokedAtMs = github.clock.now();
  expect(await fetchBranch(world.mirror, remote, 'main')).toBe(base);
  for (const token of github.tokens) token.revokedAtMs = github.clock.now();
  const ref = { ref: 'refs/heads/millwright/later', to: base, expected: undefined };
  await pushOwnRef(world.mirror, remote, ref);
  expect(await github.people.tip(REPO, 'millwright/later')).toBe(base);
});

test('a host whose clock is an hour off is heard all the same, and asks for no more tokens than another', async () => {
  await forge.openPullRequest(input);
  for (const ms of [3_600_000, -7_200_000]) {
    github.clock.advance(ms);
    access = new GitHubAccess(
      {
        webUrl: github.url,
        apiUrl: github.apiUrl,
        identity: { kind: 'app', appId: github.app.id, privateKey: github.app.privateKey, slug: github.app.slug },
      },
      database.pools,
    );
    forge = new GitHubForge({ pools: database.pools, access });
    expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ number: 1 });
    const before = github.tokens.length;
    await forge.readPullRequest(projectId, 1);
    expect(github.tokens.length).toBe(before);
  }
});

test('a renamed repository is followed, also when another one has its name since', async () => {
  await forge.prepare(projectId);
  await github.admin.rename(REPO, 'shop-of-old');
  await forge.prepare(projectId);
  expect((await forge.remote(projectId)).url).toBe(`${github.url}/acme/shop-of-old.git`);
  await github.admin.rename('acme/shop-of-old', 'store');
  await github.admin.createRepository({ owner: 'acme', name: 'shop-of-old' });
  await forge.prepare(projectId);
  expect((await forge.remote(projectId)).url).toBe(`${github.url}/acme/store.git`);
  expect(await forge.openPullRequest(input)).toMatchObject({ number: 1 });
});

test.each([
  { resource: 'PullRequest', field: 'head', code: 'invalid' },
  { resource: 'PullRequest', code: 'custom', message: 'A pull request already exists for acme:millwright/a-task.' },
  { resource: 'PullRequest', code: 'custom', message: "Head sha can't be blank" },
])('a pull request is asked for again when GitHub does not know what was just done: %j', async (said) => {
  const body = { message: 'Validation Failed', errors: [said] };
  github.faults.add({ method: 'POST', path: /pulls$/, act: { kind: 'answer', status: 422, body } });
  await expect(forge.openPullRequest(input)).rejects.toMatchObject({ type: 'Unavailable', retryAfterMs: 2_000 });
  expect(await forge.openPullRequest(input)).toMatchObject({ number: 1 });
});

test('a pull request without a change is refused for good', async () => {
  const errors = [
    { resource: 'PullRequest', code: 'custom', message: 'No commits between main and millwright/a-task' },
  ];
  const body = { message: 'Validation Failed', errors };
  github.faults.add({ method: 'POST', path: /pulls$/, act: { kind: 'answer', status: 422, body } });
  await expect(forge.openPullRequest(input)).rejects.toMatchObject({ type: 'InvalidInput' });
});

test('a server that finds no repository by its number is asked by the name', async () => {
  github.faults.add({ path: /repositories\/\d+/, times: 0, act: ANSWERS.notFound });
  for (const _ of ['first', 'again']) expect(await forge.prepare(projectId)).toMatchObject({ kind: 'own' });
});

test('an App that was taken off says so, and one that is installed again is found under its new number', async () => {
  await forge.openPullRequest(input);
  github.admin.uninstall(REPO);
  await expect(forge.readPullRequest(projectId, 1)).rejects.toMatchObject({
    type: 'NotFound',
    details: { reason: 'NOT_INSTALLED' },
    message: 'the App is not installed on acme/shop, or there is no such repository',
  });
  github.admin.reinstall(REPO);
  expect(await forge.readPullRequest(projectId, 1)).toMatchObject({ number: 1 });
  await forge.prepare(projectId);
  const { rows } = await database.pools.writes.query<{ readonly id: string }>({
    text: 'SELECT forge_installation_id AS id FROM project WHERE id = $1',
    values: [projectId],
  });
  expect(rows.map(({ id }) => Number(id))).toEqual([github.admin.installation(REPO).id]);
  // Git too: its token is of the new installation.
  await pushed('millwright/another-task');
});

test('a suspended App and an archived repository are told apart from a missing right, and are over when they end', async () => {
  await forge.openPullRequest(input);
  github.admin.changeInstallation(REPO, { isSuspended: true });
  await expect(forge.readPullRequest(projectId, 1)).rejects.toMatchObject({ details: { reason: 'SUSPENDED' } });
  github.admin.changeInstallation(REPO, { isSuspended: false });
  github.admin.archive(REPO);
  await expect(forge.prepare(projectId)).rejects.toMatchObject({ details: { reason: 'ARCHIVED' } });
  await expect(forge.openPullRequest({ ...input, title: 'Better' })).rejects.toMatchObject({
    type: 'PermissionDenied',
    details: { reason: 'ARCHIVED' },
  });
  await expect(pushed('millwright/another-task')).rejects.toMatchObject({ details: { reason: 'ARCHIVED' } });
  github.admin.unarchive(REPO);
  await pushed('millwright/a-third-task');
  expect(await forge.openPullRequest({ ...input, title: 'Better' })).toMatchObject({ number: 1, title: 'Better' });
});

test('no token lies in the mirror, its configuration or its logs', async () => {
  await forge.openPullRequest(input);
  const found = world.source.git('-C', world.mirror.dir, 'config', '--list');
  expect(found).not.toMatch(/gh[ps]_|extraheader|helper/i);
});

test('the deadline of one request is not that of a later one', async () => {
  const first = await access.client({ owner: 'acme', repo: 'shop' }, { permissions: {}, priority: 'state' });
  const seen: (AbortSignal | undefined)[] = [];
  first.hook.before('request', ({ request }) => void seen.push(request.signal));
  await first.rest.repos.get({ owner: 'acme', repo: 'shop' });
  await first.rest.repos.get({ owner: 'acme', repo: 'shop' });
  expect(seen).toEqual([undefined, undefined]);
});
