import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { authorizationOf } from '../../../infra/forge/linear/authorization.js';
import { type LinearIssueWorld, linearIssueWorld } from '../../support/issues/linear-world.js';

let world: LinearIssueWorld;

beforeEach(async () => {
  world = await linearIssueWorld({ identity: 'client' });
});
afterEach(async () => {
  await world.close();
});

const problem = async () => (await world.rows('SELECT linear_problem AS problem FROM project'))[0]?.problem;
const asked = (operation: string) => world.linear.requests.filter((one) => one.operation === operation).length;
const labelled = () => world.linear.people.openIssue({ by: 'rita', labels: ['millwright'] });

test('an application asks for one token, and keeps it in no row', async () => {
  labelled();
  await Promise.all([world.reconcile(), world.reconcile()]);
  await world.reconcile();
  expect(await world.epics()).toHaveLength(1);
  expect(asked('oauth/token')).toBe(1);
  expect(world.ours()).toHaveLength(1);
  const [token = ''] = world.linear.oauth.tokens;
  const scopes = await world.rows('SELECT scope FROM forge_limit');
  expect(JSON.stringify(scopes)).not.toContain(token);
  expect(scopes).toHaveLength(1);
});

test('a token whose time is over is replaced by the request that it fails, which nobody notices', async () => {
  await world.reconcile();
  world.linear.oauth.revokeAll();
  labelled();
  await world.reconcile();
  expect(await problem()).toBeNull();
  expect(await world.epics()).toHaveLength(1);
  expect(asked('oauth/token')).toBe(2);
});

test('requests that are refused with one token ask for one other', async () => {
  const identity = { kind: 'app', clientId: 'mill', clientSecret: 'hush' } as const;
  const authorization = authorizationOf(identity, world.linear.url);
  const refused = await authorization.header();
  expect(authorization.forget(refused)).toBe(true);
  const first = authorization.header();
  authorization.forget(refused);
  const second = authorization.header();
  expect(await first).toBe(await second);
  expect(await first).not.toBe(refused);
  expect(asked('oauth/token')).toBe(2);
});

test('an application without client credentials, and one with another secret, are told of', async () => {
  const app = world.linear.world.user('millwright');
  world.linear.oauth.register(app, 'mill', 'hush', false);
  await world.reconcile();
  expect(await problem()).toBe(
    'Linear gives the application no token: 400, Client does not support the client_credentials grant type',
  );
  world.linear.oauth.register(app, 'mill', 'another');
  await world.reconcile();
  expect(await problem()).toBe('Linear gives the application no token: 401, Client is invalid');
  world.linear.oauth.register(app, 'mill', 'hush');
  await world.reconcile();
  expect(await problem()).toBeNull();
});

test('an application that was taken out of the workspace is told of, after one more try', async () => {
  await world.reconcile();
  world.linear.world.user('millwright').active = false;
  await world.reconcile();
  expect(await problem()).toMatch(/^Linear answered 401: .* \(the application was taken out of the workspace\)$/);
});
