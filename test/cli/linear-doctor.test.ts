import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { linearCredentials, linearWebhookSecrets, loadConfig } from '../../infra/config.js';
import { linearLooks } from '../../infra/embedded/doctor/linear.js';
import { type Linear, startLinear } from '../support/linear/start.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertProject } from '../support/rows.js';

const root = mkdtempSync(join(tmpdir(), 'linear-doctor-'));
chmodSync(root, 0o711);
const before = { ...process.env };
const CALLED = 'https://mill.example/webhooks/linear';

let database: TestDatabase;
let linear: Linear;
let projectId: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  linear = await startLinear();
  const rita = linear.world.addUser('rita', { teams: ['ENG'], admin: true });
  process.env = { ...before, MILLWRIGHT_HOME: join(root, 'home'), DATABASE_URL: database.url };
  for (const name of Object.keys(process.env)) if (/LINEAR/.test(name)) delete process.env[name];
  Object.assign(process.env, { LINEAR_API_URL: linear.url, LINEAR_API_KEY: linear.key(rita) });
  await rows('TRUNCATE project, webhook_delivery CASCADE');
  projectId = await insertProject(database.pools.writes);
  const { id } = linear.world.team('ENG');
  await rows(
    `UPDATE project SET name = 'shop', linear_team_key = 'ENG', linear_team_id = $1, linear_since = now() - interval '1 hour'`,
    id,
  );
});
afterEach(async () => {
  process.env = before;
  await linear.close();
});
afterAll(async () => {
  await database.drop();
  rmSync(root, { recursive: true, force: true });
});

const rows = (text: string, ...values: readonly unknown[]) => database.pools.writes.query({ text, values });

/** Of doctor, what is about Linear. */
const examine = async (onLook: (name: string) => void = () => undefined) => {
  const settings = { credentials: linearCredentials, webhookSecrets: linearWebhookSecrets };
  const found = [];
  for (const [name, look] of Object.entries(linearLooks(loadConfig(), settings))) {
    onLook(name);
    found.push(await look());
  }
  return found.map(({ name, ok, isRequired, finding, remedy }) => ({
    name,
    mark: ok ? 'ok' : isRequired ? 'FAIL' : 'advice',
    finding,
    ...(remedy === undefined ? {} : { remedy }),
  }));
};
const marks = async () => (await examine()).map(({ mark }) => mark);
const listen = (webhook: Parameters<Linear['world']['addWebhook']>[1] = {}) => {
  process.env.LINEAR_WEBHOOK_SECRET = 'lin_wh_x';
  return linear.world.addWebhook(CALLED, webhook);
};

test('what is in order is said in a line each', async () => {
  listen();
  expect(await examine()).toEqual([
    { name: 'linear', mark: 'ok', finding: 'as rita in Acme' },
    { name: 'linear teams', mark: 'ok', finding: 'shop from ENG' },
    { name: 'linear webhook', mark: 'ok', finding: 'none has come yet' },
  ]);
});

test('without Linear doctor is content; with a project that is linked to it something is missing', async () => {
  delete process.env.LINEAR_API_KEY;
  expect((await examine())[1]).toMatchObject({
    mark: 'FAIL',
    finding: 'nothing opens Linear, which shop takes issues from',
    remedy: expect.stringContaining('LINEAR_API_KEY'),
  });
  await rows('UPDATE project SET linear_team_key = NULL');
  expect(await marks()).toEqual(['ok', 'ok', 'ok']);
});

test.each([
  ['a key', { LINEAR_API_KEY: 'lin_api_wrong' }, /the key was revoked/, /set LINEAR_API_KEY/],
  ['a token', { LINEAR_ACCESS_TOKEN: 'lin_oauth_old' }, /its day is over/, /LINEAR_CLIENT_SECRET.*instead of/],
  [
    'an application',
    { LINEAR_CLIENT_ID: 'mill', LINEAR_CLIENT_SECRET: 'wrong' },
    /no token: 401, Client is invalid/,
    /whether client credentials are on/,
  ],
])(
  '%s that Linear refuses is told from the others, with what to do about it',
  async (_, variables, finding, remedy) => {
    Object.assign(process.env, variables);
    const [account, teams, webhook] = await examine();
    expect(account).toEqual({
      name: 'linear',
      mark: 'FAIL',
      finding: expect.stringMatching(finding),
      remedy: expect.stringMatching(remedy),
    });
    expect([teams?.finding, webhook?.mark]).toEqual(['not looked at', 'ok']);
    expect(JSON.stringify(account)).not.toMatch(/lin_api_wrong|lin_oauth_old|"wrong/);
  },
);

test('an application with its own secret is shown by its name', async () => {
  linear.oauth.register(linear.world.addUser('millwright', { app: true }), 'mill', 'hush');
  Object.assign(process.env, { LINEAR_CLIENT_ID: 'mill', LINEAR_CLIENT_SECRET: 'hush' });
  expect((await examine())[0]).toMatchObject({ mark: 'ok', finding: 'the application millwright in Acme' });
});

test('a Linear that does not answer is advice: nothing is wrong here', async () => {
  process.env.LINEAR_API_URL = 'http://127.0.0.1:1/graphql';
  expect((await examine())[0]).toMatchObject({ mark: 'advice', remedy: expect.stringContaining('linearstatus.com') });
});

test('a team that the key does not show fails, one that has another key now does not', async () => {
  const team = linear.world.team('ENG');
  team.key = 'CORE';
  expect((await examine())[1]).toEqual({ name: 'linear teams', mark: 'ok', finding: 'shop from CORE' });
  team.isPrivate = true;
  linear.world.user('rita').teams.clear();
  expect((await examine())[1]).toEqual({
    name: 'linear teams',
    mark: 'FAIL',
    finding: 'ENG is not among the teams that Acme shows: no team',
    remedy: 'Join the team, or name another: millwright project link shop --linear <key>',
  });
});

test('what the last look at a team met is advice', async () => {
  await rows(`UPDATE project SET linear_problem = 'Linear answered 401: x'`);
  expect((await examine())[1]).toMatchObject({ mark: 'advice', finding: 'shop: Linear answered 401: x' });
});

test('a label that is missing, or another team’s, is advice; one of the workspace or the team is enough', async () => {
  linear.world.addTeam('OPS');
  linear.world.labels = [
    { name: 'millwrite', teamId: null },
    { name: 'millwright', teamId: linear.world.team('OPS').id },
  ];
  expect((await examine())[1]).toMatchObject({
    mark: 'advice',
    finding: 'there is no label `millwright` for ENG',
    remedy: expect.stringContaining('Settings > Labels'),
  });
  linear.world.labels = [{ name: 'Millwright', teamId: linear.world.team('ENG').id }];
  expect(await marks()).toEqual(['ok', 'ok', 'ok']);
});

const webhook = async () => (await examine())[2];

test('no webhook is fine without a secret; one that calls without a secret is not', async () => {
  expect(await webhook()).toMatchObject({ mark: 'ok', finding: expect.stringMatching(/^none/) });
  linear.world.addWebhook(CALLED);
  expect(await webhook()).toMatchObject({
    mark: 'advice',
    finding: `Linear calls ${CALLED}, and LINEAR_WEBHOOK_SECRET is not set`,
    remedy: expect.stringContaining('LINEAR_WEBHOOK_SECRET'),
  });
});

test.each([
  ['none at Linear', undefined, /has none that calls/, /Settings > API > Webhooks/],
  ['one that is switched off', { enabled: false }, /switched off/, /Switch it on/],
  ['one without comments', { resourceTypes: ['Issue'] }, /does not tell of Comment$/, /Add Issues and Comments/],
])('with a secret, %s is advice', async (_, made, finding, remedy) => {
  if (made) listen(made);
  else {
    process.env.LINEAR_WEBHOOK_SECRET = 'lin_wh_x';
    linear.world.addWebhook('https://elsewhere.example/hook');
  }
  expect(await webhook()).toMatchObject({
    mark: 'advice',
    finding: expect.stringMatching(finding),
    remedy: expect.stringMatching(remedy),
  });
});

test('a webhook of another team alone is advice', async () => {
  listen({ allPublicTeams: false, teamId: linear.world.addTeam('OPS').id });
  expect(await webhook()).toMatchObject({ mark: 'advice', finding: 'Linear does not tell of the team ENG' });
});

const heard = (agoMinutes: number) =>
  rows(
    `INSERT INTO webhook_delivery (delivery_id, event, received_at) VALUES ('linear/' || gen_random_uuid(), 'Issue', now() - $1 * interval '1 minute')`,
    agoMinutes,
  );
const found = (agoMinutes: number) =>
  rows(
    `INSERT INTO forge_cursor (project_id, tracker, issues_since, comments_since)
     VALUES ($1, 'linear', now() - interval '1 hour', now() - $2 * interval '1 minute')
     ON CONFLICT (project_id, tracker) DO UPDATE SET comments_since = EXCLUDED.comments_since`,
    projectId,
    agoMinutes,
  );

test('whoever may not list webhooks learns from what came, and from what was found without', async () => {
  linear.world.user('rita').admin = false;
  process.env.LINEAR_WEBHOOK_SECRET = 'lin_wh_x';
  expect(await webhook()).toMatchObject({ mark: 'ok', finding: 'none has come yet' });
  await found(1);
  expect(await webhook()).toMatchObject({ mark: 'ok' });
  await found(10);
  expect(await webhook()).toMatchObject({
    mark: 'advice',
    finding: expect.stringMatching(/^no delivery told of a change of .*; none has ever come$/),
    remedy: expect.stringContaining('401 is another secret'),
  });
  await heard(30);
  expect(await webhook()).toMatchObject({ mark: 'advice', finding: expect.stringContaining('the last came at') });
  await heard(10);
  expect(await webhook()).toMatchObject({
    mark: 'ok',
    finding: expect.stringMatching(/^deliveries within a week: 2, /),
  });
});

test.each([
  ['a question that Linear refuses', 'bad-input', 'Linear answered 400: Argument Validation Error'],
  ['a limit', 'rate-limit', 'Linear answered 400: Rate limit exceeded. Try again later.'],
  ['a page of a proxy', 'proxy-page', 'Linear answered 502: something that is no answer'],
] as const)('%s is no word about webhooks, and said', async (_, act, finding) => {
  listen();
  linear.faults.push({ operation: 'Webhooks', act, times: 1 });
  expect(await webhook()).toMatchObject({ mark: 'advice', finding });
});

test('a key that is revoked between two looks is not taken for one that may not list webhooks', async () => {
  listen();
  const found = await examine((name) => name === 'linear webhook' && linear.world.keys.clear());
  expect(found[2]).toMatchObject({
    mark: 'FAIL',
    finding: expect.stringContaining('the key was revoked'),
    remedy: expect.stringContaining('set LINEAR_API_KEY'),
  });
});
