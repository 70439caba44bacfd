import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { environmentFor, githubCredentials, githubWebhookSecrets, loadConfig } from '../../../infra/config.js';

const directory = mkdtempSync(join(tmpdir(), 'millwright-github-'));
const appFile = join(directory, 'secrets/github-app.json');
const USER = { uid: 1000, homeDirectory: directory };
const pem = (type: 'rsa' | 'ec'): string =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  ).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string; // asked for as PEM
const RSA = pem('rsa');

afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(join(directory, 'secrets'), { recursive: true, force: true });
  mkdirSync(join(directory, 'secrets'));
});

const env = (values: Readonly<Record<string, string>> = {}) => ({ MILLWRIGHT_HOME: directory, ...values });
const load = (values?: Readonly<Record<string, string>>) => loadConfig(env(values), USER).github;
const credentials = (values?: Readonly<Record<string, string>>) => githubCredentials(env(values), USER);
const secrets = (values?: Readonly<Record<string, string>>) => githubWebhookSecrets(env(values), USER);
const keep = (path: string, text: string, mode = 0o600): string => {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const keyFile = (text = RSA, mode = 0o600): string => keep(join(directory, 'secrets/key.pem'), text, mode);
const app = { appId: 42, slug: 'our-mill', webhookSecret: 'of the file', privateKey: RSA };
const keepApp = (value: unknown = app, mode = 0o600): string => keep(appFile, JSON.stringify(value), mode);

const refusalOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('nothing set means GitHub itself, and no way into it', () => {
  expect(load()).toEqual({
    url: 'https://github.com',
    apiUrl: 'https://api.github.com',
    access: undefined,
    teams: [],
    webhookBytes: 5 * 1024 * 1024,
  });
  expect([credentials(), secrets()]).toEqual([undefined, []]);
});

test('an Enterprise server has its API below itself, unless another address is given', () => {
  expect(load({ GITHUB_URL: 'https://git.example/' })).toMatchObject({
    url: 'https://git.example',
    apiUrl: 'https://git.example/api/v3',
  });
  expect(load({ GITHUB_URL: 'https://git.example', GITHUB_API_URL: 'https://api.git.example' }).apiUrl).toBe(
    'https://api.git.example',
  );
});

test.each(['http://localhost:9', 'http://127.0.0.1:9', 'http://127.8.0.1', 'http://[::1]:9'])(
  'plain text to %s stays on this machine',
  (url) => {
    expect(load({ GITHUB_URL: url }).url).toBe(url);
  },
);

test('an App is its number and the file of its key', () => {
  const values = { GITHUB_APP_ID: '42', GITHUB_APP_PRIVATE_KEY_FILE: keyFile(), GITHUB_TOKEN: 'ghp_unused' };
  expect(load(values).access).toBe('app');
  expect(credentials(values)).toEqual({ kind: 'app', appId: 42, privateKey: RSA });
});

test('the App that was set up is used without a variable, and its secret with those of the environment', () => {
  keepApp();
  expect(load().access).toBe('app');
  expect(credentials({ GITHUB_TOKEN: 'ghp_unused' })).toEqual({
    kind: 'app',
    appId: 42,
    slug: 'our-mill',
    privateKey: RSA,
  });
  expect(secrets()).toEqual(['of the file']);
  expect(secrets({ GITHUB_WEBHOOK_SECRET: 'new', GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old' })).toEqual([
    'new',
    'of the file',
    'old',
  ]);
});

test('a token serves for a first try', () => {
  expect(load({ GITHUB_TOKEN: 'ghp_abc' }).access).toBe('token');
  expect(credentials({ GITHUB_TOKEN: 'ghp_abc' })).toEqual({ kind: 'token', token: 'ghp_abc' });
});

test('two secrets are active at once, the newer first', () => {
  expect(secrets({ GITHUB_WEBHOOK_SECRET: 'new', GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old' })).toEqual(['new', 'old']);
  expect(secrets({ GITHUB_WEBHOOK_SECRET: 'one', GITHUB_WEBHOOK_SECRET_PREVIOUS: 'one' })).toEqual(['one']);
});

test.each([
  ['GITHUB_URL', 'ftp://git.example'],
  ['GITHUB_URL', 'http://git.example'],
  ['GITHUB_URL', 'http://localhost.evil.example'],
  ['GITHUB_URL', 'https://ada:pw@git.example'],
  ['GITHUB_URL', 'https://git.example/?q'],
  ['GITHUB_API_URL', 'http://10.0.0.1/api/v3'],
  ['GITHUB_API_URL', 'https://git.example/#x'],
  ['GITHUB_APP_ID', 'our-mill'],
  ['GITHUB_APP_ID', '0'],
  ['GITHUB_TOKEN', 'two words'],
  ['GITHUB_WEBHOOK_SECRET_PREVIOUS', 'lonely'],
  ['MILLWRIGHT_WEBHOOK_MB', '26'],
  ['MILLWRIGHT_WEBHOOK_MB', '0'],
  ['MILLWRIGHT_GITHUB_ACCESS', 'magic'],
])('%s = %s is refused by name, and its value is not repeated', (variable, value) => {
  const refusal = refusalOf(() => load({ [variable]: value }));
  expect(refusal).toMatchObject({ type: 'InvalidInput', details: { variable } });
  if (value.length > 2) expect(String(refusal)).not.toContain(value);
});

test.each([
  ['an App without a key', () => load({ GITHUB_APP_ID: '42' }), 'InvalidInput'],
  ['a key without an App', () => load({ GITHUB_APP_PRIVATE_KEY_FILE: keyFile() }), 'InvalidInput'],
  ['a key that is not there', () => appWith(join(directory, 'absent.pem')), 'InvalidInput'],
  ['a directory for a key', () => appWith(directory), 'InvalidInput'],
  ['a key that others may read', () => appWith(keyFile(RSA, 0o640)), 'PermissionDenied'],
  ['a key of another kind', () => appWith(keyFile(pem('ec'))), 'InvalidInput'],
  ['a text that is no key', () => appWith(keyFile('Hello')), 'InvalidInput'],
  ['an App file that others may read', () => load({ X: keepApp(app, 0o644) }), 'PermissionDenied'],
  ['an App file that is no JSON', () => load({ X: keep(appFile, '{') }), 'InvalidInput'],
  ['an App file of another shape', () => load({ X: keepApp(null) }), 'InvalidInput'],
  ['an App file without number', () => load({ X: keepApp({ ...app, appId: '42' }) }), 'InvalidInput'],
  ['an App file without key', () => load({ X: keepApp({ ...app, privateKey: 'Hello' }) }), 'InvalidInput'],
  ['an App file with an odd name', () => load({ X: keepApp({ ...app, slug: 7 }) }), 'InvalidInput'],
  ['an App file with an empty secret', () => load({ X: keepApp({ ...app, webhookSecret: '' }) }), 'InvalidInput'],
])('%s is refused', (_, work, type) => {
  const refusal = refusalOf(work);
  expect(refusal).toMatchObject({ type });
  expect(String(refusal)).not.toMatch(/PRIVATE KEY-|of the file/);
});
const appWith = (file: string) => load({ GITHUB_APP_ID: '42', GITHUB_APP_PRIVATE_KEY_FILE: file });

test('the API verifies webhooks and learns how GitHub is reached, without what opens it; tools learn nothing', () => {
  const all = {
    GITHUB_URL: 'https://git.example',
    GITHUB_TOKEN: 'ghp_abc',
    GH_TOKEN: 'ghp_abc',
    GITHUB_APP_ID: '42',
    GITHUB_APP_PRIVATE_KEY_FILE: '/keys/app.pem',
    GITHUB_WEBHOOK_SECRET: 'new',
    GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old',
  };
  expect(environmentFor('worker', all)).toEqual(all);
  expect(environmentFor('tool', all)).toEqual({ GITHUB_URL: 'https://git.example' });
  const forApi = environmentFor('api', all);
  expect(forApi).toEqual({
    GITHUB_URL: 'https://git.example',
    GITHUB_WEBHOOK_SECRET: 'new',
    GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old',
    MILLWRIGHT_GITHUB_ACCESS: 'app',
  });
  expect(loadConfig({ ...forApi, MILLWRIGHT_HOME: directory }, USER).github.access).toBe('app');
  expect(environmentFor('api', { GITHUB_TOKEN: 'ghp_abc' })).toEqual({ MILLWRIGHT_GITHUB_ACCESS: 'token' });
});

test('no secret of GitHub is part of the configuration', () => {
  keepApp();
  const config = loadConfig(env({ GITHUB_TOKEN: 'ghp_abc', GITHUB_WEBHOOK_SECRET: 'of the shell' }), USER);
  expect(JSON.stringify(config)).not.toMatch(/ghp_abc|of the shell|of the file|PRIVATE KEY/);
});

test('teams that may command are named with their organisation', () => {
  expect(load({ GITHUB_COMMAND_TEAMS: 'acme/leads, acme/on-call,' }).teams).toEqual(['acme/leads', 'acme/on-call']);
  for (const teams of ['leads', 'acme/', 'a/b/c', 'acme/le ads'])
    expect(() => load({ GITHUB_COMMAND_TEAMS: teams })).toThrow(/GITHUB_COMMAND_TEAMS/);
});
