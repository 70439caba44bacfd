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

test('two secrets sign webhooks while one replaces the other', () => {
  const env = { LINEAR_WEBHOOK_SECRET: 'new', LINEAR_WEBHOOK_SECRET_PREVIOUS: 'old' };
  expect(linearWebhookSecrets(env)).toEqual(['new', 'old']);
});

test.each([
  ['LINEAR_API_KEY', { LINEAR_API_KEY: 'two words' }],
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
  expect(environmentFor('tool', env)).toEqual({});
  expect(loadConfig(environmentFor('api', env), USER).linear.access).toBe('token');
});
