import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { githubCredentials, loadConfig } from '../../infra/config.js';
import { gitHubLooks } from '../../infra/embedded/doctor/github.js';
import { commandLine } from '../support/cli/command-line.js';
import { ANSWERS } from '../support/github/faults/faults.js';
import { DEFAULT_PERMISSIONS } from '../support/github/options.js';
import { type GitHub, startGitHub } from '../support/github/start.js';
import { createTestDatabase } from '../support/postgres.js';
import { insertGitHubProject } from '../support/rows.js';

const root = mkdtempSync(join(tmpdir(), 'github-status-'));
chmodSync(root, 0o711);
const before = { ...process.env };
let github: GitHub;

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
  const home = mkdtempSync(join(root, 'home-'));
  process.env = { ...before, MILLWRIGHT_HOME: home, GITHUB_URL: github.url };
  for (const name of Object.keys(process.env)) if (/^GITHUB_(?!URL)|^GH_/.test(name)) delete process.env[name];
});
afterEach(async () => {
  process.env = before;
  await github.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const millwright = commandLine('http://127.0.0.1:1', 'key');

const keepApp = (privateKey = github.app.privateKey): void => {
  const { githubAppFile, secrets } = loadConfig().layout;
  mkdirSync(secrets, { mode: 0o700 });
  const { id: appId, slug } = github.app;
  writeFileSync(githubAppFile, JSON.stringify({ appId, slug, privateKey, webhookSecret: 'hush-hush' }), {
    mode: 0o600,
  });
};

/** Of doctor, what is about GitHub. */
const examine = async () => {
  const looks = gitHubLooks(loadConfig(), githubCredentials);
  const found = [];
  for (const look of Object.values(looks)) found.push(await look());
  return found.map(({ ok, isRequired, finding, remedy }) => ({
    mark: ok ? 'ok' : isRequired ? 'FAIL' : 'advice',
    finding,
    ...(remedy === undefined ? {} : { remedy }),
  }));
};

test('without credentials it says how to connect, and doctor is content', async () => {
  const { exit, stderr } = await millwright('github', 'status');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('millwright github setup')]);
  expect((await examine()).map(({ mark }) => mark)).toEqual(['ok', 'ok', 'ok']);
});

test('an App is shown with its installations, its webhook and what is left, and without a secret', async () => {
  keepApp();
  github.webhooks.configure({ url: 'http://127.0.0.1:1/webhooks/github', secret: 'hush-hush' });
  await github.people.openIssue({ repository: 'acme/shop', title: 'Do it' });
  await github.webhooks.settled();
  const said = await millwright('github', 'status');
  expect([said.exit, said.stderr]).toEqual([0, '']);
  expect(said.stdout).toContain('contents: write');
  expect(said.stdout).toContain('acme: acme/shop');
  expect(said.stdout).toMatch(/requests left +\d+ of 5000 until/);
  expect(said.stdout).toMatch(/last failure +issues at /);
  const json = await millwright('--json', 'github', 'status');
  expect(JSON.parse(json.stdout)).toMatchObject({
    kind: 'app',
    slug: 'millwright',
    hasWebhookSecret: true,
    installations: [{ account: 'acme', repositories: ['acme/shop'], missing: [] }],
    webhook: { url: 'http://127.0.0.1:1/webhooks/github', failed: 1 },
  });
  const secrets = ['hush-hush', 'PRIVATE KEY', ...github.tokens.map(({ value }) => value)];
  expect(secrets.filter((secret) => (said.stdout + json.stdout).includes(secret))).toEqual([]);
  expect((await examine())[2]).toMatchObject({ mark: 'advice', finding: expect.stringContaining('never arrived') });
});

test('a token is shown by whose it is', async () => {
  const { token } = github.admin.user('rita', { 'acme/shop': 'write' });
  process.env.GITHUB_TOKEN = token;
  const { exit, stdout } = await millwright('github', 'status');
  expect([exit, stdout]).toEqual([0, expect.stringContaining('rita, by a personal token')]);
  expect(stdout).not.toContain(token);
  process.env.GITHUB_TOKEN = 'ghp_wrong';
  expect((await examine())[0]).toMatchObject({ mark: 'FAIL', remedy: expect.stringContaining('Make a new token') });
});

test('a clock that is wrong is told from a key that is refused', async () => {
  keepApp();
  github.clock.advance(3_600_000);
  expect((await examine())[0]).toMatchObject({
    mark: 'FAIL',
    finding: expect.stringMatching(/^this machine's clock is 3\d{3} s behind GitHub's$/),
  });
  github.clock.advance(-3_600_000);
  github.faults.add({ method: 'GET', path: /\/app$/, act: ANSWERS.badCredentials });
  expect((await examine())[0]).toMatchObject({ mark: 'FAIL', remedy: expect.stringContaining('--force') });
});

test('a permission that was taken away, a suspension and a missing installation are said with what to do', async () => {
  keepApp();
  expect((await examine()).map(({ mark }) => mark)).toEqual(['ok', 'ok', 'ok']);
  github.admin.changeInstallation('acme/shop', {
    permissions: { ...DEFAULT_PERMISSIONS, actions: 'read' },
  });
  expect((await examine())[1]).toMatchObject({
    mark: 'advice',
    finding: 'its installation on acme lacks actions: write',
  });
  github.admin.changeInstallation('acme/shop', { permissions: { ...DEFAULT_PERMISSIONS, contents: 'read' } });
  expect((await examine())[1]).toMatchObject({
    mark: 'FAIL',
    finding: 'its installation on acme lacks contents: write',
  });
  github.admin.changeInstallation('acme/shop', { isSuspended: true });
  expect((await examine())[1]).toMatchObject({ mark: 'FAIL', remedy: expect.stringContaining('Unsuspend it') });
  github.admin.uninstall('acme/shop');
  expect((await examine())[1]).toMatchObject({ mark: 'FAIL', remedy: expect.stringContaining('/installations/new') });
});

test("a project's repository that no installation covers is named", async () => {
  keepApp();
  await github.admin.createRepository({ owner: 'other', name: 'shop', hasApp: false });
  const database = await createTestDatabase();
  try {
    process.env.DATABASE_URL = database.url;
    await github.admin.createRepository({ owner: 'gone', name: 'shop', hasApp: false });
    for (const name of ['acme/shop', 'other/shop', 'gone/shop'])
      await insertGitHubProject(database.pools.writes, name, github.url);
    await database.pools.writes.query({
      text: `UPDATE project SET archived_at = now() WHERE forge_name = 'gone/shop'`,
    });
    expect((await examine())[1]).toMatchObject({
      mark: 'FAIL',
      finding: 'it is not installed on other/shop, which a project needs',
    });
  } finally {
    await database.drop();
  }
});
