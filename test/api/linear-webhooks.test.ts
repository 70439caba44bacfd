import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { TestApi } from '../support/api/api.js';
import {
  deliverForLinear,
  LINEAR_SECRET,
  type SentToLinear,
  signForLinear as sign,
} from '../support/api/linear-sender.js';
import { rowsOf, seedEpic, seedProject } from '../support/api/seed.js';

const OLD = 'lin_wh_of_yesterday';
const TEAM = '0b5d1a3e-7a43-4c1c-9f63-222222222222';
const ISSUE = '0b5d1a3e-7a43-4c1c-9f63-111111111111';
const MAX_BYTES = 64 * 1024;

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start({
    linearWebhooks: { secrets: () => [LINEAR_SECRET, OLD], maxBytes: MAX_BYTES, maxMs: 1_500 },
  });
});
afterAll(async () => {
  await api.stop();
});
beforeEach(async () => {
  await rowsOf(api.database, 'TRUNCATE webhook_delivery, outbox, project CASCADE');
  projectId = await seedProject(api.database, { linear_team_key: 'ENG', linear_team_id: TEAM });
});

const payload = (more: object = {}) => ({
  action: 'update',
  type: 'Issue',
  webhookTimestamp: Date.now(),
  data: { id: ISSUE, teamId: TEAM, team: { id: TEAM, key: 'ENG' } },
  ...more,
});

const deliver = async (given: object | string, sent: SentToLinear = {}) => {
  const { status, body } = await deliverForLinear(api, given, sent);
  return { status, body };
};

const kept = () =>
  rowsOf<{ readonly project: string | null }>(
    api.database,
    `SELECT delivery_id AS id, event, action, hint -> 'subject' AS subject, project_id AS project, outcome FROM webhook_delivery`,
  );
const signals = () => rowsOf(api.database, `SELECT name, args -> 0 ->> 'projectId' AS project FROM outbox`);

test('what is signed is kept once, tells the factory once, and is answered as Linear wants it', async () => {
  const id = randomUUID();
  for (let i = 0; i < 3; i++)
    expect(await deliver(payload(), { id })).toEqual({ status: 200, body: { deliveryId: id } });
  expect(await kept()).toEqual([
    {
      id: `linear/${id}`,
      event: 'Issue',
      action: 'update',
      subject: { kind: 'tracked_issue', tracker: 'linear', key: ISSUE },
      project: projectId,
      outcome: null,
    },
  ]);
  expect(await signals()).toEqual([{ name: 'forgeHinted', project: projectId }]);
});

test('nothing of an issue’s text is kept', async () => {
  const { data } = payload();
  await deliver(payload({ data: { ...data, title: 'canary', description: 'canary' }, url: 'https://x/canary' }));
  const rows = await rowsOf(
    api.database,
    `SELECT * FROM webhook_delivery WHERE webhook_delivery::text LIKE '%canary%'`,
  );
  expect(rows).toEqual([]);
});

test('both active secrets are taken, and no other', async () => {
  expect((await deliver(payload(), { secret: OLD })).status).toBe(200);
  expect((await deliver(payload(), { secret: 'another' })).status).toBe(401);
});

test.each([
  ['none', undefined],
  ['one with a scheme', (body: string) => `sha256=${sign(body)}`],
  ['one in capitals', (body: string) => sign(body).toUpperCase()],
  ['a short one', (body: string) => sign(body).slice(1)],
  ['zeros', () => '0'.repeat(64)],
  ['one of other bytes', (body: string) => sign(`${body} `)],
])('as a signature %s is refused, and nothing is stored', async (_, made) => {
  const body = JSON.stringify(payload());
  const headers = { 'linear-signature': made?.(body) ?? '' };
  const reply = await deliver(body, { headers });
  expect([reply.status, reply.body.code]).toEqual([401, 'Unauthenticated']);
  expect(await kept()).toEqual([]);
});

test.each([
  ['two minutes ago', 401, -120_000],
  ['in two minutes', 401, 120_000],
  ['half a minute ago', 200, -30_000],
])('what was sent %s is answered by %i', async (_, status, skewMs) => {
  expect((await deliver(payload({ webhookTimestamp: Date.now() + skewMs }))).status).toBe(status);
});

test.each([
  ['no time', { webhookTimestamp: undefined }],
  ['a time in words', { webhookTimestamp: new Date().toISOString() }],
  ['no type', { type: undefined }],
  ['a type that is none', { type: 'x'.repeat(100) }],
])('a signed body with %s is refused as it is', async (_, more) => {
  expect((await deliver(payload(more))).status).toBe(400);
  expect(await kept()).toEqual([]);
});

test.each(['', 'null', '[]', '{', '"x"', '\ud800'])('a signed %j is no delivery', async (body) => {
  expect((await deliver(body)).status).toBe(400);
});

test('a delivery without an id, a compressed one and one that is too large are refused', async () => {
  expect((await deliver(payload(), { headers: { 'linear-delivery': '' } })).status).toBe(400);
  expect((await deliver(payload(), { headers: { 'content-encoding': 'gzip' } })).status).toBe(400);
  expect((await deliver(payload({ more: 'x'.repeat(MAX_BYTES) }))).status).toBe(413);
  expect(await kept()).toEqual([]);
});

test.each(['Reaction', 'Project', 'AuditEntry', 'Whatever'])(
  'a %s changes nothing, and is answered alike',
  async (type) => {
    expect((await deliver(payload({ type }))).status).toBe(200);
    expect(await kept()).toMatchObject([{ event: type, outcome: 'ignored', project: null }]);
    expect(await signals()).toEqual([]);
  },
);

test('a team of nobody’s is noted, and nobody is told', async () => {
  const data = { id: ISSUE, teamId: randomUUID(), team: { key: 'OPS' } };
  await deliver(payload({ data }));
  expect(await kept()).toMatchObject([{ outcome: 'unknown', project: null }]);
  expect(await signals()).toEqual([]);
});

test('a team is known by its key until its id is, and by its id from then on', async () => {
  await rowsOf(api.database, 'UPDATE project SET linear_team_id = NULL');
  await deliver(payload());
  await deliver(payload({ data: { id: ISSUE, teamId: randomUUID(), team: { key: 'OPS' } } }));
  await rowsOf(api.database, `UPDATE project SET linear_team_id = $1`, [randomUUID()]);
  await deliver(payload());
  expect((await kept()).map(({ project }) => project)).toEqual([projectId, null, null]);
});

test('an issue of ours that moved to another team is still ours', async () => {
  const epicId = await seedEpic(api.database, projectId);
  await rowsOf(
    api.database,
    `INSERT INTO epic_issue (project_id, issue_key, epic_id, url, author, asked_by, seen_hash, seen_at, tracker, name)
     VALUES ($1, $2, $3, '', 'rita', 'rita', 'h', now(), 'linear', 'ENG-1')`,
    [projectId, ISSUE, epicId],
  );
  await deliver(payload({ data: { id: ISSUE, teamId: randomUUID() } }));
  expect(await kept()).toMatchObject([{ project: projectId }]);
});

test('without a secret nothing is taken', async () => {
  const none = await TestApi.start();
  try {
    const reply = await fetch(`${none.url}/webhooks/linear`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect([reply.status, ((await reply.json()) as { detail: string }).detail]).toEqual([
      404,
      'Webhooks of Linear are not configured here: LINEAR_WEBHOOK_SECRET is not set.',
    ]);
  } finally {
    await none.stop();
  }
});
