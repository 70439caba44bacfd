import { expect, test } from '@jest/globals';
import { environmentFor, loadConfig, modelCredentials } from '../../../infra/config.js';

const USER = { uid: 1000, homeDirectory: '/home/ada' };
const load = (env: Record<string, string>, user = USER) => loadConfig({ MILLWRIGHT_HOME: '/nowhere', ...env }, user);

test('an empty environment gives the defaults of an ordinary user', () => {
  const { layout, cacheDirectory, temporal, api, models, tuning, limits, logLevel, host, users } = loadConfig({}, USER);
  expect({ home: layout.home, cacheDirectory, temporal, api, tuning, logLevel, host, users }).toEqual({
    home: '/home/ada/.millwright',
    cacheDirectory: '/home/ada/.cache/millwright',
    temporal: { address: undefined, namespace: 'default', apiKey: undefined, tls: undefined, uiUrl: undefined },
    api: { host: '127.0.0.1', port: undefined, allowedHosts: [], trustedProxies: [], requestsPerMinute: 6_000 },
    tuning: 'normal',
    logLevel: 'info',
    host: { agents: [], toolchains: [], unixSockets: false, prices: {} },
    users: undefined,
  });
  expect(models.roles.worker).toEqual({ model: models.aliases.sonnet, permissions: 'yolo' });
  expect(limits).toMatchObject({ concurrentEpics: 5, concurrentWorkers: 10, runTurns: 100, runMicroUsd: 5_000_000 });
});

test('root keeps its data where a sandbox can reach it and gives PostgreSQL a user apart from the sandboxes', () => {
  const { layout, users } = loadConfig({ MILLWRIGHT_SERVICE_UID: '7000' }, { uid: 0, homeDirectory: '/root' });
  expect(layout.home).toBe('/var/lib/millwright');
  expect(users).toEqual({ serviceUid: 7000, databaseUid: 7001 });
});

test('a role takes a model by alias or by name, and an alias can be renamed', () => {
  const { models } = load({ HAIKU_MODEL: 'small-1', WORKER_MODEL: 'haiku', SUPERVISOR_MODEL: 'vendor-x' });
  expect([models.roles.worker.model, models.roles.supervisor.model]).toEqual(['small-1', 'vendor-x']);
});

test.each([
  ['MILLWRIGHT_HOME', 'relative/path'],
  ['DATABASE_URL', 'mysql://localhost/x'],
  ['TEMPORAL_ADDRESS', 'no-port'],
  ['TEMPORAL_TLS', 'perhaps'],
  ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', '/nowhere/ca.pem'],
  ['MILLWRIGHT_TEMPORAL_CLI', 'temporal'],
  ['MILLWRIGHT_API_PORT', '70000'],
  ['MILLWRIGHT_API_REQUESTS_PER_MINUTE', '59'],
  ['MILLWRIGHT_TRUSTED_PROXIES', '0.0.0.0/0'],
  ['MILLWRIGHT_TRUSTED_PROXIES', '10.0.0.0/33'],
  ['MILLWRIGHT_TRUSTED_PROXIES', 'proxy.example'],
  ['MILLWRIGHT_ALLOWED_HOSTS', '*.example'],
  ['MILLWRIGHT_ALLOWED_HOSTS', 'https://a.example'],
  ['MILLWRIGHT_ALLOWED_HOSTS', 'a.example:80'],
  ['MILLWRIGHT_ALLOWED_HOSTS', 'a.example b.example'],
  ['MILLWRIGHT_TUNING', 'fast'],
  ['MILLWRIGHT_LOG_LEVEL', 'loud'],
  ['MILLWRIGHT_MAX_EPICS', '-1'],
  ['MILLWRIGHT_RUN_SECONDS', '59'],
  ['MILLWRIGHT_EPIC_USD', 'ten'],
  ['REVIEWER_PERMISSIONS', 'root'],
])('%s = %s is refused by name, and its value is not repeated', (variable, value) => {
  let refusal: unknown;
  try {
    load({ [variable]: value });
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ type: 'InvalidInput', details: { variable } });
  expect(String(refusal)).not.toContain(value);
});

test('the API answers to the names that are listed', () => {
  const { api } = load({ MILLWRIGHT_ALLOWED_HOSTS: ' Factory.example, 10.0.0.7,fd00::1 ,' });
  expect(api.allowedHosts).toEqual(['factory.example', '10.0.0.7', 'fd00::1']);
});

test('an API key turns TLS on, because plain text would show it on the wire', () => {
  expect(load({ TEMPORAL_ADDRESS: 'x.tmprl.cloud:7233', TEMPORAL_API_KEY: 'k' }).temporal.tls).toEqual({});
  expect(load({ TEMPORAL_ADDRESS: 'localhost:7233' }).temporal.tls).toBeUndefined();
});

test('the model key is no part of the configuration and reaches no child but the worker', () => {
  const env = { ANTHROPIC_API_KEY: 'secret-key', DATABASE_URL: 'postgres://u:secret-pw@h/d', PATH: '/bin' };
  expect(JSON.stringify(load({ ANTHROPIC_API_KEY: 'secret-key' }))).not.toContain('secret-key');
  expect(modelCredentials(env)).toEqual({ apiKey: 'secret-key', baseUrl: 'https://api.anthropic.com' });
  expect(Object.keys(environmentFor('worker', env))).toEqual(['ANTHROPIC_API_KEY', 'DATABASE_URL', 'PATH']);
  expect(Object.keys(environmentFor('api', env))).toEqual(['DATABASE_URL', 'PATH']);
  expect(Object.keys(environmentFor('tool', env))).toEqual(['PATH']);
});
