import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { type GitHub, startGitHub } from '../../support/github/start.js';

const silent = (): void => undefined;
const QUIET = { debug: silent, info: silent, warn: silent, error: silent };
const AT = { owner: 'acme', repo: 'shop' };
let github: GitHub;

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
});

afterEach(() => github.close());

/** As the vendor's own libraries sign in, ask, page and fail. */
test('the libraries of GitHub find what they expect', async () => {
  const app = new Octokit({
    baseUrl: github.apiUrl,
    log: QUIET,
    authStrategy: createAppAuth,
    auth: { appId: github.app.id, privateKey: github.app.privateKey },
  });
  const { data: installation } = await app.rest.apps.getRepoInstallation(AT);
  const { token } = (await app.auth({
    type: 'installation',
    installationId: installation.id,
    repositoryNames: ['shop'],
    permissions: { issues: 'write', pull_requests: 'write', contents: 'write', checks: 'write' },
  })) as { readonly token: string };
  const client = new Octokit({ baseUrl: github.apiUrl, auth: token, log: QUIET });
  for (let count = 0; count < 5; count += 1) await client.rest.issues.create({ ...AT, title: `${count}` });
  const all = await client.paginate(client.rest.issues.listForRepo, { ...AT, per_page: 2, state: 'all' });
  expect(all.map((one) => one.title)).toEqual(['4', '3', '2', '1', '0']);
  const main = await client.rest.git.getRef({ ...AT, ref: 'heads/main' });
  await client.rest.git.createRef({ ...AT, ref: 'refs/heads/a/b', sha: main.data.object.sha });
  await github.people.push({ repository: 'acme/shop', branch: 'a/b', files: { 'new.txt': '1' } });
  const pull = await client.rest.pulls.create({ ...AT, head: 'a/b', base: 'main', title: 'PR', draft: true });
  expect((await client.rest.repos.getBranch({ ...AT, branch: 'a/b' })).data.commit.sha).toBe(pull.data.head.sha);
  const ahead = await client.rest.repos.compareCommitsWithBasehead({ ...AT, basehead: 'main...a/b' });
  expect([ahead.data.status, ahead.data.ahead_by]).toEqual(['ahead', 1]);
  const draft = client.rest.pulls.merge({ ...AT, pull_number: pull.data.number });
  await expect(draft).rejects.toMatchObject({ status: 405, message: expect.stringContaining('still a draft') });
  const run = await client.rest.checks.create({ ...AT, name: 'gate', head_sha: pull.data.head.sha, status: 'queued' });
  await client.rest.checks.update({ ...AT, check_run_id: run.data.id, conclusion: 'success' });
  const runs = await client.paginate(client.rest.checks.listForRef, { ...AT, ref: pull.data.head.sha });
  expect(runs.map((one) => one.conclusion)).toEqual(['success']);
  await client.rest.git.deleteRef({ ...AT, ref: 'heads/a/b' });
  await client.rest.apps.revokeInstallationAccessToken();
  await expect(client.rest.repos.get(AT)).rejects.toMatchObject({ status: 401 });
});
