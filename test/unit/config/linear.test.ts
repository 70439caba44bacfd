import { expect, test } from '@jest/globals';
import { environmentFor, linearCredentials, linearWebhookSecrets, loadConfig } from '../../../infra/config.js';

const USER = { uid: 1000, homeDirectory: '/nowhere' };
const load = (values: Readonly<Record<string, string>> = {}) => loadConfig(values, USER).linear;

test('nothing set means Linear itself, and no way into it', () => {
  expect(load()).toEqual({ apiUrl: 'https://api.linear.app/graphql', access: undefined });
  expect([linearCredentials({}), linearWebhookSecrets({})]).toEqual([undefined, []]);
});

test('an application’s token wins over a person’s key', () => {
  const env = { LINEAR_API_KEY: 'lin_api_x', LINEAR_ACCESS_TOKEN: 'lin_oauth_y' };
  expect(linearCredentials(env)).toEqual({ kind: 'token', secret: 'lin_oauth_y' });
  expect(linearCredentials({ LINEAR_API_KEY: 'lin_api_x' })).toEqual({ kind: 'key', secret: 'lin_api_x' });
  expect(load(env).access).toBe('token');
});

test('an application with its own id and secret wins over both', () => {
  const env = { LINEAR_API_KEY: 'a', LINEAR_ACCESS_TOKEN: 'b', LINEAR_CLIENT_ID: 'c', LINEAR_CLIENT_SECRET: 'd' };
  expect(linearCredentials(env)).toEqual({ kind: 'app', clientId: 'c', clientSecret: 'd' });
  expect(load(env).access).toBe('app');
});

test('two secrets sign webhooks while one replaces the other', () => {
  const env = { LINEAR_WEBHOOK_SECRET: 'new', LINEAR_WEBHOOK_SECRET_PREVIOUS: 'old' };
  expect(linearWebhookSecrets(env)).toEqual(['new', 'old']);
});

test.each([
  ['LINEAR_API_KEY', { LINEAR_API_KEY: 'two words' }],
  ['LINEAR_CLIENT_ID', { LINEAR_CLIENT_ID: 'alone' }],
  ['LINEAR_CLIENT_SECRET', { LINEAR_CLIENT_SECRET: 'alone' }],
  ['LINEAR_CLIENT_SECRET', { LINEAR_CLIENT_SECRET: 'two words', LINEAR_CLIENT_ID: 'mill' }],
  ['LINEAR_WEBHOOK_SECRET_PREVIOUS', { LINEAR_WEBHOOK_SECRET_PREVIOUS: 'old' }],
  ['LINEAR_API_URL', { LINEAR_API_URL: 'http://linear.example/graphql' }],
])('%s is refused by its name and without its value', (variable, values) => {
  const attempt = (): unknown => load(values);
  expect(attempt).toThrow(variable);
  expect(attempt).not.toThrow(Object.values(values)[0]);
});

test('the API learns that Linear is there and how webhooks are signed, tools learn neither', () => {
  const env = { LINEAR_API_KEY: 'a', LINEAR_ACCESS_TOKEN: 'b', LINEAR_WEBHOOK_SECRET: 'c' };
  expect(environmentFor('api', env)).toEqual({ LINEAR_WEBHOOK_SECRET: 'c', MILLWRIGHT_LINEAR_ACCESS: 'token' });
  const app = { LINEAR_CLIENT_ID: 'd', LINEAR_CLIENT_SECRET: 'e' };
  expect(environmentFor('api', app)).toEqual({ MILLWRIGHT_LINEAR_ACCESS: 'app' });
  expect(environmentFor('tool', { ...env, ...app })).toEqual({});
  expect(loadConfig(environmentFor('api', env), USER).linear.access).toBe('token');
});
