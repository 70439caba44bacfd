import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { githubCredentials, githubWebhookSecrets } from '../../infra/config.js';
import { type RunningCommand, startCommand } from '../support/cli/running-command.js';
import { install } from '../support/github/acts/apps.js';
import { type Consent, readConsent, submitConsent } from '../support/github/consent.js';
import { ANSWERS } from '../support/github/faults/faults.js';
import { DEFAULT_PERMISSIONS } from '../support/github/options.js';
import { type GitHub, startGitHub } from '../support/github/start.js';

const root = mkdtempSync(join(tmpdir(), 'github-setup-'));
chmodSync(root, 0o711);
const before = { ...process.env };
let home: string;
let file: string;
let github: GitHub;

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
  home = mkdtempSync(join(root, 'home-'));
  file = join(home, 'secrets/github-app.json');
  process.env = { ...before, MILLWRIGHT_HOME: home, GITHUB_URL: github.url };
  for (const name of Object.keys(process.env)) if (/^GITHUB_(?!URL)|^GH_/.test(name)) delete process.env[name];
});
afterEach(async () => {
  process.env = before;
  await github.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{20,}/;

const begin = async (
  ...options: readonly string[]
): Promise<{ readonly setup: RunningCommand; readonly consent: Consent }> => {
  const setup = startCommand('github', 'setup', '--no-browser', ...options);
  return { setup, consent: await readConsent(await setup.said(ADDRESS)) };
};

const statusOf = async (url: URL | string): Promise<number> => (await fetch(url)).status;

/** What of an App must be in no output. */
const secretsOf = ({ state }: GitHub): readonly string[] =>
  state.apps.flatMap(({ privateKey, clientSecret }) => [
    ...privateKey.split('\n').filter((line) => line.length > 30 && !line.startsWith('-----')),
    ...(clientSecret === '' ? [] : [clientSecret, clientSecret.slice(0, 20), clientSecret.slice(20)]),
  ]);

test('two clicks register an App whose key its owner alone may read, and it is used from then on', async () => {
  const { setup, consent } = await begin('--webhook-url', 'https://hooks.example.org');
  expect(consent.target).toMatch(new RegExp(`^${github.url}/settings/apps/new\\?state=[\\w-]{20,}$`));
  expect(consent.manifest).toMatchObject({
    public: false,
    hook_attributes: { url: 'https://hooks.example.org/webhooks/github', active: true },
    default_permissions: DEFAULT_PERMISSIONS,
    default_events: [
      'issues',
      'issue_comment',
      'pull_request',
      'pull_request_review',
      'check_run',
      'check_suite',
      'status',
      'push',
    ],
  });
  const page = await fetch(await submitConsent(consent));
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('/installations/new')]);
  const app = github.state.apps.at(-1);
  if (app === undefined) throw new Error('There is no App.');
  await setup.said(/Waiting until it is installed/);
  install(github.world, { app, accountLogin: 'acme' });
  expect(await setup.exit).toBe(0);
  expect(setup.stdout()).toContain('Installed on acme: acme/shop.');
  expect(setup.stdout()).toContain('millwright project add');

  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, 'secrets')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(home, 'secrets'))).toEqual(['github-app.json']);
  const used = githubCredentials();
  expect(used).toEqual({ kind: 'app', appId: app.id, slug: app.slug, privateKey: app.privateKey });
  expect(githubWebhookSecrets()).toEqual([app.clientSecret.slice(0, 20)]);
  const said = setup.stdout() + setup.stderr();
  expect(secretsOf(github).filter((secret) => said.includes(secret))).toEqual([]);
  // The token that looked at the repositories is good for nothing any more.
  expect(github.tokens.filter(({ kind, revokedAtMs }) => kind === 'installation' && revokedAtMs === null)).toEqual([]);
});

test('an answer with another state is refused, and the right one is taken afterwards, once', async () => {
  const { setup, consent } = await begin('--no-wait');
  const back = await submitConsent(consent);
  const forged = new URL(back);
  forged.searchParams.set('state', 'x'.repeat(32));
  expect(await statusOf(forged)).toBe(400);
  forged.searchParams.delete('state');
  expect(await statusOf(forged)).toBe(400);
  expect(await statusOf(new URL('/callback', back))).toBe(400);
  expect(existsSync(file)).toBe(false);
  const [first, second] = await Promise.all([statusOf(back), statusOf(back).catch(() => 0)]);
  expect([first, second].filter((status) => status === 200)).toEqual([200]);
  expect(await setup.exit).toBe(0);
  expect(github.requests.filter(({ path }) => path.endsWith('/conversions'))).toHaveLength(1);
});

test('the page is shown to whoever has its whole address, under its own name', async () => {
  const { setup, consent } = await begin('--no-wait');
  const { origin, port } = new URL(await setup.said(ADDRESS));
  expect([await statusOf(`${origin}/`), await statusOf(`${origin}/favicon.ico`)]).toEqual([404, 404]);
  const { request } = await import('node:http');
  const rebound = await new Promise((resolve) => {
    request({ port, host: '127.0.0.1', path: '/', headers: { host: 'evil.example' } }, ({ statusCode }) =>
      resolve(statusCode),
    ).end();
  });
  expect(rebound).toBe(400);
  await fetch(await submitConsent(consent));
  expect(await setup.exit).toBe(0);
});

test('a code that was used already is said, and nothing is kept', async () => {
  const { setup, consent } = await begin('--no-wait');
  const back = await submitConsent(consent);
  await fetch(`${github.apiUrl}/app-manifests/${back.searchParams.get('code')}/conversions`, { method: 'POST' });
  expect(await statusOf(back)).toBe(502);
  expect([await setup.exit, setup.stderr()]).toEqual([
    1,
    expect.stringContaining('used before or is more than an hour old'),
  ]);
  expect(existsSync(file)).toBe(false);
});

test('a key that got lost on the way is said, with where to delete the App', async () => {
  github.faults.add({ method: 'POST', path: /\/conversions$/, act: { kind: 'apply-then-cut' } });
  const { setup, consent } = await begin('--no-wait', '--org', 'acme');
  expect(consent.target).toContain(`${github.url}/organizations/acme/settings/apps/new?state=`);
  await fetch(await submitConsent(consent));
  expect(await setup.exit).toBe(1);
  expect(setup.stderr()).toContain(`Delete it at ${github.url}/organizations/acme/settings/apps and run`);
  expect(existsSync(file)).toBe(false);
});

test('whoever declines changes nothing', async () => {
  const { setup, consent } = await begin();
  const state = new URL(consent.target).searchParams.get('state');
  const back = `${new URL(await setup.said(ADDRESS)).origin}/callback?error=access_denied&state=${state}`;
  expect(await statusOf(back)).toBe(200);
  expect([await setup.exit, existsSync(file)]).toEqual([1, false]);
});

test('an App that is there stays unless --force replaces it, a damaged file too', async () => {
  mkdirSync(join(home, 'secrets'));
  writeFileSync(file, 'damaged', { mode: 0o600 });
  const refused = startCommand('github', 'setup');
  expect([await refused.exit, refused.stderr()]).toEqual([1, expect.stringContaining('--force')]);
  expect(readFileSync(file, 'utf8')).toBe('damaged');
  const { setup, consent } = await begin('--force', '--no-wait');
  await fetch(await submitConsent(consent));
  expect(await setup.exit).toBe(0);
  expect(githubCredentials()?.kind).toBe('app');
});

test('a port that another program has is said before anything happens', async () => {
  const stranger = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => stranger.once('listening', resolve));
  const { port } = stranger.address() as AddressInfo;
  const setup = startCommand('github', 'setup', '--port', String(port));
  expect([await setup.exit, setup.stderr()]).toEqual([1, expect.stringContaining('another program has it')]);
  stranger.close();
});

test('--json prints one document, and the address beside it; without a webhook it says what that means', async () => {
  const { setup, consent } = await begin('--json', '--no-wait', '--name', 'Mill <of> "Acme"');
  expect(consent.manifest).toMatchObject({
    name: 'Mill <of> "Acme"',
    hook_attributes: { url: 'https://example.com/webhooks/github', active: false },
  });
  expect(setup.stderr()).toContain('up to a minute later');
  await fetch(await submitConsent(consent));
  expect(await setup.exit).toBe(0);
  const app = github.state.apps.at(-1);
  expect(JSON.parse(setup.stdout())).toMatchObject({
    appId: app?.id,
    slug: 'mill-of-acme-',
    webhookUrl: null,
    file,
    installUrl: expect.stringMatching(/\/installations\/new$/),
    installations: [],
  });
});

test('what is asked for wrongly is refused before a page is opened', async () => {
  const exitOf = (...options: readonly string[]) => startCommand('github', 'setup', ...options).exit;
  expect([
    await exitOf('--org', '../x'),
    await exitOf('--webhook-url', 'ftp://x'),
    await exitOf('--webhook-url', 'https://x.example/elsewhere'),
    await exitOf('--name', 'x'.repeat(35)),
  ]).toEqual([2, 2, 2, 2]);
});

test('a forge that does not answer for a moment is asked again until the App is installed', async () => {
  github.faults.add({ method: 'GET', path: /\/app\/installations/, act: ANSWERS.unavailable });
  const { setup, consent } = await begin();
  await fetch(await submitConsent(consent));
  const app = github.state.apps.at(-1);
  if (app === undefined) throw new Error('There is no App.');
  install(github.world, { app, accountLogin: 'acme' });
  expect(await setup.exit).toBe(0);
  expect(setup.stdout()).toContain('Installed on acme: acme/shop.');
});
