import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { installationToken, jwtOf, rest } from '../../support/github/test-client.js';

const REPO = 'acme/shop';
let github: GitHub;

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
});

afterEach(() => github.close());

const accessTokens = (body: unknown, token = jwtOf(github)) =>
  rest(github, `POST /app/installations/${github.admin.installation(REPO).id}/access_tokens`, { token, body });

test('an App is believed for ten minutes, by its own key only', async () => {
  const app = (token: string) => rest(github, 'GET /app', { token });
  expect((await app(jwtOf(github))).body.slug).toBe('millwright');
  expect((await app(jwtOf(github, { lifeSeconds: 900 }))).body.message).toContain('too far in the future');
  expect((await app(jwtOf(github, { lifeSeconds: 10 }))).status).toBe(401);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  expect((await app(jwtOf(github, { key }))).status).toBe(401);
  expect((await app('ghp_nobody')).status).toBe(401);
});

test('a token has the repositories and permissions it was asked for, never more than the installation', async () => {
  await github.admin.createRepository({ owner: 'acme', name: 'other' });
  await github.admin.createRepository({ owner: 'else', name: 'where' });
  const made = await accessTokens({ repositories: ['shop'], permissions: { issues: 'read' } });
  expect(made.body).toMatchObject({
    permissions: { issues: 'read', metadata: 'read' },
    repository_selection: 'selected',
  });
  const { token } = made.body;
  const status = async (what: string, body?: unknown) =>
    (await rest(github, what, { token, ...(body === undefined ? {} : { body }) })).status;
  expect(await status(`GET /repos/${REPO}/issues`)).toBe(200);
  expect(await status(`POST /repos/${REPO}/issues`, { title: 'No' })).toBe(403);
  expect(await status(`GET /repos/${REPO}/branches`)).toBe(403);
  expect(await status('GET /repos/acme/other/issues')).toBe(404);
  expect(await status('GET /repos/else/where/issues')).toBe(404);
  expect((await accessTokens({ repositories: ['where'] })).status).toBe(422);
  expect((await accessTokens({ permissions: { workflows: 'write' } })).status).toBe(422);
});

test('what the owner takes away is gone for the tokens there are', async () => {
  const token = await installationToken(github, REPO, { issues: 'write' });
  github.admin.changeInstallation(REPO, { permissions: { contents: 'read', metadata: 'read' } });
  expect((await rest(github, `GET /repos/${REPO}/issues`, { token })).status).toBe(403);
  github.admin.changeInstallation(REPO, { isSuspended: true });
  expect((await rest(github, `GET /repos/${REPO}`, { token })).status).toBe(403);
  github.admin.changeInstallation(REPO, { isSuspended: false });
  expect((await rest(github, `GET /repos/${REPO}`, { token })).status).toBe(200);
  const jwt = jwtOf(github);
  github.admin.uninstall(REPO);
  expect((await rest(github, `GET /repos/${REPO}/installation`, { token: jwt })).status).toBe(404);
});

test('a person may do what the role allows', async () => {
  const reader = github.admin.user('rita', { [REPO]: 'read' });
  const writer = github.admin.user('will', { [REPO]: 'write' });
  const stranger = github.admin.user('sam');
  const issues = (token: string) => rest(github, `POST /repos/${REPO}/issues`, { token, body: { title: 'Hello' } });
  const made = await issues(reader.token);
  expect([made.status, (await issues(stranger.token)).status]).toEqual([201, 404]);
  const label = (token: string) =>
    rest(github, `POST /repos/${REPO}/issues/${made.body.number}/labels`, { token, body: { labels: ['millwright'] } });
  expect([(await label(reader.token)).status, (await label(writer.token)).status]).toEqual([403, 200]);
  const permission = async (login: string) =>
    (await rest(github, `GET /repos/${REPO}/collaborators/${login}/permission`, { token: writer.token })).body
      .permission;
  expect([await permission('will'), await permission('rita'), await permission('sam')]).toEqual([
    'write',
    'read',
    'none',
  ]);
  github.admin.team('acme', 'maintainers', ['will']);
  const member = (login: string) =>
    rest(github, `GET /orgs/acme/teams/maintainers/memberships/${login}`, { token: writer.token });
  expect([(await member('will')).body.state, (await member('rita')).status]).toEqual(['active', 404]);
});

test('rules of a branch are told, and refuse the merge that GitHub would refuse', async () => {
  github.admin.protect(REPO, { requiredChecks: [{ context: 'ci', appId: 7 }], requiredApprovals: 1, strict: true });
  github.admin.protect(REPO, { source: 'ruleset', requiredChecks: [{ context: 'lint' }], requiredApprovals: 1 });
  const token = await installationToken(github, REPO, {
    administration: 'read',
    contents: 'write',
    pull_requests: 'write',
  });
  const protection = await rest(github, `GET /repos/${REPO}/branches/main/protection`, { token });
  expect(protection.body.required_status_checks).toMatchObject({
    strict: true,
    checks: [{ context: 'ci', app_id: 7 }],
  });
  const rules = await rest(github, `GET /repos/${REPO}/rules/branches/main`, { token });
  expect(rules.body.map((one: { type: string }) => one.type)).toEqual([
    'deletion',
    'non_fast_forward',
    'required_status_checks',
    'pull_request',
  ]);
  await github.people.push({
    repository: REPO,
    branch: 'topic',
    files: { 'b.txt': 'b' },
    parent: (await github.people.tip(REPO)) ?? '',
  });
  const { number } = await github.people.openPullRequest({ repository: REPO, title: 'T', head: 'topic' });
  const refused = await rest(github, `PUT /repos/${REPO}/pulls/${number}/merge`, { token, body: {} });
  expect([refused.status, refused.body.message]).toEqual([405, 'Required status check "ci" is expected.']);
  await rest(github, `GET /repos/${REPO}/pulls/${number}`, { token });
  expect((await rest(github, `GET /repos/${REPO}/pulls/${number}`, { token })).body.mergeable_state).toBe('blocked');
});

test('a renamed repository is found under its old name, an archived one takes no write', async () => {
  const token = await installationToken(github, REPO, { issues: 'write' });
  github.admin.rename(REPO, 'store');
  const moved = await rest(github, `GET /repos/${REPO}/issues?state=all`, { token });
  expect(moved.status).toBe(301);
  expect((await rest(github, `GET ${moved.headers.get('location')}`, { token })).status).toBe(200);
  github.admin.archive('acme/store');
  expect((await rest(github, 'POST /repos/acme/store/issues', { token, body: { title: 'No' } })).status).toBe(403);
});

test('an App is made from a manifest, with a code that works once', async () => {
  const manifest = JSON.stringify({
    name: 'Millwright of acme',
    url: 'https://example.org',
    redirect_url: 'http://127.0.0.1:9/callback',
    hook_attributes: { url: 'http://127.0.0.1:9/webhooks/github', active: false },
    default_permissions: { contents: 'write' },
    default_events: ['push'],
  });
  const page = await fetch(`${github.url}/settings/apps/new?state=abc`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ manifest }),
  });
  const back = new URL(page.headers.get('location') ?? '');
  expect([page.status, back.searchParams.get('state')]).toEqual([302, 'abc']);
  const convert = `POST /app-manifests/${back.searchParams.get('code')}/conversions`;
  const made = await rest(github, convert);
  expect(made.body).toMatchObject({ slug: 'millwright-of-acme', permissions: { contents: 'write' }, events: ['push'] });
  const app = github.state.app('millwright-of-acme');
  if (app === undefined) throw new Error('It was not made.');
  expect(
    (await rest(github, 'GET /app', { token: jwtOf({ app, clock: github.clock }, { key: made.body.pem }) })).status,
  ).toBe(200);
  expect((await rest(github, convert)).status).toBe(404);
});
