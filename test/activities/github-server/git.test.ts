import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { descendantsNow } from '../../../activities/sandbox/process-tree.js';
import { tryGit } from '../../support/github/git/run.js';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { installationToken, rest } from '../../support/github/test-client.js';
import { addressWith, type Clone, cloneWith } from '../../support/github/test-git.js';
import { until } from '../../support/until.js';

const REPO = 'acme/shop';
let github: GitHub;
const clones: Clone[] = [];

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'one\n' } });
});

afterEach(async () => {
  for (const clone of clones.splice(0)) clone.remove();
  await github.close();
});

const clone = async (token: string): Promise<Clone> => {
  const made = await cloneWith(github, REPO, token);
  clones.push(made);
  return made;
};

const writer = (): Promise<string> => installationToken(github, REPO, { contents: 'write', pull_requests: 'write' });

test('a clone needs a token of the repository, a push one that may write', async () => {
  const reader = await installationToken(github, REPO, { contents: 'read' });
  await github.admin.createRepository({ owner: 'acme', name: 'other' });
  const list = (fullName: string, token: string) => tryGit('/', ['ls-remote', addressWith(github, fullName, token)]);
  expect((await list(REPO, 'ghs_wrong')).err).toContain('Authentication failed');
  expect((await list('acme/other', reader)).err).toContain('not found');
  expect((await list(REPO, await installationToken(github, REPO, { issues: 'write' }))).err).toContain('not found');
  const mine = await clone(reader);
  await mine.commit({ 'b.txt': 'two\n' });
  expect((await mine.git('push', 'origin', 'HEAD:topic')).err).toContain('403');
  expect(await github.people.tip(REPO, 'topic')).toBeUndefined();
});

test('a push moves a pull request, and one with a stale lease does not', async () => {
  const token = await writer();
  const mine = await clone(token);
  const first = await mine.commit({ 'b.txt': 'two\n' });
  expect((await mine.git('push', '-q', 'origin', 'HEAD:topic')).code).toBe(0);
  const opened = await rest(github, `POST /repos/${REPO}/pulls`, {
    token,
    body: { title: 'T', head: 'topic', base: 'main' },
  });
  const second = await mine.commit({ 'c.txt': 'three\n' });
  const lease = (sha: string) => mine.git('push', '-q', `--force-with-lease=topic:${sha}`, 'origin', 'HEAD:topic');
  expect((await lease('0123456789012345678901234567890123456789')).err).toContain('stale info');
  expect((await lease(first)).code).toBe(0);
  const read = await rest(github, `GET /repos/${REPO}/pulls/${opened.body.number}`, { token });
  expect(read.body).toMatchObject({ commits: 2, changed_files: 2, head: { sha: second } });
  const pulled = await mine.git('fetch', '-q', 'origin', `refs/pull/${opened.body.number}/head`);
  expect(pulled.code).toBe(0);
});

test('a protected branch refuses with the words of GitHub, and lets whom it names pass', async () => {
  github.admin.protect(REPO, { requiredChecks: [{ context: 'ci' }] });
  const token = await installationToken(github, REPO, { contents: 'write', statuses: 'write' });
  const mine = await clone(token);
  const sha = await mine.commit({ 'b.txt': 'two\n' });
  const push = () => mine.git('push', 'origin', 'HEAD:main');
  expect((await push()).err).toMatch(
    /remote: error: GH006: Protected branch update failed for refs\/heads\/main\.\s+remote: error: Required status check "ci" is expected\./,
  );
  await mine.git('push', '-q', 'origin', 'HEAD:topic');
  await rest(github, `POST /repos/${REPO}/statuses/${sha}`, { token, body: { state: 'success', context: 'ci' } });
  expect((await push()).code).toBe(0);
  github.admin.unprotect(REPO);
  github.admin.protect(REPO, { source: 'ruleset', requiredApprovals: 1 });
  await mine.commit({ 'c.txt': 'three\n' });
  expect((await push()).err).toContain('GH013: Repository rule violations found for refs/heads/main');
  github.admin.unprotect(REPO);
  github.admin.protect(REPO, { source: 'ruleset', requiredApprovals: 1, bypass: ['millwright'] });
  expect((await push()).code).toBe(0);
});

test('a workflow file needs a permission of its own', async () => {
  const mine = await clone(await writer());
  await mine.git('checkout', '-q', '-b', 'topic');
  const file = '.github/workflows/ci.yml';
  await tryGit(mine.directory, ['init', '-q', '.']);
  await mine.git(
    'update-index',
    '--add',
    '--cacheinfo',
    `100644,${(await mine.git('hash-object', '-w', 'a.txt')).out.trim()},${file}`,
  );
  await mine.git('commit', '-q', '-m', 'CI');
  expect((await mine.git('push', 'origin', 'HEAD:topic')).err).toContain(
    'refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission',
  );
});

test('a push that makes the head reachable from the base merges its pull request', async () => {
  const token = await writer();
  const mine = await clone(token);
  await mine.commit({ 'b.txt': 'two\n' });
  await mine.git('push', '-q', 'origin', 'HEAD:topic');
  const { body } = await rest(github, `POST /repos/${REPO}/pulls`, {
    token,
    body: { title: 'T', head: 'topic', base: 'main' },
  });
  await mine.git('checkout', '-q', '-B', 'land', 'origin/main');
  await mine.git('merge', '-q', '--no-ff', '-m', 'Land', 'origin/topic');
  const landed = (await mine.git('rev-parse', 'HEAD')).out.trim();
  await mine.git('push', '-q', 'origin', 'HEAD:main');
  const read = await rest(github, `GET /repos/${REPO}/pulls/${body.number}`, { token });
  expect(read.body).toMatchObject({ merged: true, merge_commit_sha: landed, merged_by: { login: 'millwright[bot]' } });
});

test('an expired token and a revoked one are refused', async () => {
  const token = await writer();
  const list = () => tryGit('/', ['ls-remote', addressWith(github, REPO, token)]);
  expect((await list()).code).toBe(0);
  expect((await rest(github, 'DELETE /installation/token', { token })).status).toBe(204);
  expect((await list()).code).not.toBe(0);
  const other = await writer();
  github.clock.advance(3_600_001);
  expect((await rest(github, `GET /repos/${REPO}`, { token: other })).status).toBe(401);
  expect(github.tokens.map((one) => one.value)).toEqual([token, other]);
});

test('a protected branch is neither forced nor deleted, unless its rule allows it', async () => {
  github.admin.protect(REPO);
  const mine = await clone(await writer());
  await mine.git('checkout', '-q', '--orphan', 'other');
  await mine.commit({ 'b.txt': 'two\n' });
  const force = () => mine.git('push', '--force', 'origin', 'HEAD:main');
  expect((await force()).err).toContain('remote: error: Cannot force-push to this branch');
  github.admin.unprotect(REPO);
  github.admin.protect(REPO, { pattern: 'old', allowsForcePushes: true });
  expect((await force()).code).toBe(0);
  await mine.git('push', '-q', 'origin', 'HEAD:old');
  expect((await mine.git('push', 'origin', ':old')).err).toContain('remote: error: Cannot delete this branch');
  github.admin.unprotect(REPO);
  expect((await mine.git('push', 'origin', ':old')).code).toBe(0);
});

test('a push whose caller hangs up in the middle holds up nobody', async () => {
  const token = await writer();
  const authorization = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const path = `/${REPO}.git/git-receive-pack`;
  const headers = { authorization, 'content-type': 'application/x-git-receive-pack-request', 'content-length': '999' };
  const half = request(`${github.url}${path}`, { method: 'POST', headers });
  half.on('error', () => {}); // it hangs up itself
  half.write('00');
  const isReceiving = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('receive-pack');
  await until(() => descendantsNow(process.pid).some(isReceiving));
  half.destroy();
  const mine = await clone(token);
  await mine.commit({ 'b.txt': 'two\n' });
  expect((await mine.git('push', '-q', 'origin', 'HEAD:topic')).code).toBe(0);
});
