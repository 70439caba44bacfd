import { randomUUID } from 'node:crypto';
import {
  deliverForLinear as deliver,
  LINEAR_PATH,
  LINEAR_SECRET,
  linearHeadersOf,
  signForLinear as sign,
} from '../../support/api/linear-sender.js';
import { SECRET as GITHUB_SECRET } from '../../support/api/webhook-sender.js';
import type { Vector } from '../vector.js';
import { drip, sendOversized } from './bodies.js';
import { begin, countKept, type Endpoint, playAgain, sendWithHeader } from './deliveries.js';
import { TEAM, type WebhooksWorld } from './world.js';

type LinearVector = Vector<WebhooksWorld>;

const ISSUE = randomUUID();
const payload = (more: object = {}): object => ({
  action: 'update',
  type: 'Issue',
  webhookTimestamp: Date.now(),
  data: { id: ISSUE, teamId: TEAM, team: { id: TEAM, key: 'ENG' } },
  ...more,
});
const text = (more: object = {}): string => JSON.stringify(payload(more));
const ENDPOINT: Endpoint = { path: LINEAR_PATH, bodyOf: text, headersOf: linearHeadersOf };

const forged: LinearVector = {
  name: 'Linear: deliveries that nobody signed, or another',
  controls: ['webhooks.signature'],
  isSmoke: true,
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const body = text();
    const right = sign(body);
    const signatures: readonly (readonly [string, string | undefined])[] = [
      ['no signature', undefined],
      ['an empty one', ''],
      ['one with the empty secret', sign(body, '')],
      ['one with the secret of GitHub', sign(body, GITHUB_SECRET)],
      ['one with the secret as it is shown', sign(body, LINEAR_SECRET.toUpperCase())],
      ['one of another body', sign(`${body} `)],
      ['one of the parsed body', sign(JSON.stringify(JSON.parse(body), undefined, 1))],
      ['a plain digest', '0'.repeat(64)],
      ['GitHub’s form', `sha256=${right}`],
      ['capitals', right.toUpperCase()],
      ['a prefix', right.slice(0, 40)],
      ['two', `${sign(body, 'x')},${right}`],
    ];
    for (const [how, signature] of signatures) {
      await deliver(world.api, body, { headers: { 'linear-signature': signature } });
      await countKept(world, tally, how);
    }
    for (let at = 0; at < body.length; at += 5) {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await deliver(world.api, changed, { headers: { 'linear-signature': right } });
      await countKept(world, tally, `byte ${at} changed`);
    }
  },
};

const oversized: LinearVector = {
  name: 'Linear: bodies over the largest size, with a length and in chunks',
  controls: ['webhooks.cap'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await sendOversized(world, tally, ENDPOINT);
  },
};

const dripping: LinearVector = {
  name: 'Linear: bodies that come drop by drop',
  controls: ['webhooks.patience'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await drip(world, tally, ENDPOINT);
  },
};

const foreignTypes: LinearVector = {
  name: 'Linear: signed deliveries of another content type',
  controls: ['webhooks.content-type'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/json5'];
    await sendWithHeader(world, tally, ENDPOINT, ['content-type', types]);
  },
};

const encoded: LinearVector = {
  name: 'Linear: signed deliveries that are said to be compressed',
  controls: ['webhooks.encoding'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await sendWithHeader(world, tally, ENDPOINT, ['content-encoding', ['gzip', 'br', 'identity']]);
  },
};

const MINUTES = [2, 60, 525_600];

/** What was heard once is signed for ever, and its id is no part of it. */
const stale: LinearVector = {
  name: 'Linear: signed deliveries of another time, under ids of today',
  controls: ['webhooks.linear-time'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    for (const minutes of MINUTES.flatMap((one) => [one, -one])) {
      await deliver(world.api, payload({ webhookTimestamp: Date.now() - minutes * 60_000 }));
      await countKept(world, tally, `${minutes} minutes old`);
    }
  },
};

const replayed: LinearVector = {
  name: 'Linear: signed deliveries played again and again',
  controls: ['webhooks.linear-once'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await playAgain(world, tally, ENDPOINT);
  },
};

const strangers: LinearVector = {
  name: 'Linear: signed deliveries of teams that are nobody’s',
  controls: ['webhooks.linear-team'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const other = randomUUID();
    const odd: readonly (readonly [string, object])[] = [
      ['another team', { teamId: other, team: { id: other, key: 'OPS' } }],
      ['another team of our key', { teamId: other, team: { id: other, key: 'ENG' } }],
      ['our key alone, though its id is known', { team: { key: 'ENG' } }],
      ['no team', {}],
      ['a team that is none', { teamId: '%', team: { id: "' OR true --", key: '%' } }],
    ];
    for (const [how, data] of odd) {
      await deliver(world.api, payload({ data: { id: ISSUE, ...data } }));
      const { signals } = await world.kept();
      tally.count(signals > 0 ? `${how}: the factory is told` : undefined);
      await world.forget();
    }
  },
};

/** Of what Linear publishes, and of what it does not. */
const KINDS = ['Reaction', 'IssueLabel', 'Project', 'ProjectUpdate', 'Cycle', 'Attachment', 'Document', 'User']
  .concat(['AuditEntry', 'OAuthApp', 'AppUserNotification', 'AgentSessionEvent', 'IssueSLA', 'issue', 'comment'])
  .concat(['constructor', 'Whatever']);

const otherKinds: LinearVector = {
  name: 'Linear: signed deliveries about everything else',
  controls: ['webhooks.linear-kinds'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const issue = { id: ISSUE, teamId: TEAM, team: { id: TEAM, key: 'ENG' } };
    for (const type of KINDS) {
      const data = { id: randomUUID(), issueId: ISSUE, issue, teamId: TEAM };
      const { status } = await deliver(world.api, payload({ type, data }), { headers: { 'linear-event': 'Issue' } });
      const { signals } = await world.kept();
      tally.count(signals > 0 || status !== 200 ? `${type}: ${status}, ${signals} signals` : undefined);
      await world.forget();
    }
  },
};

export const LINEAR_VECTORS: readonly LinearVector[] = [
  forged,
  oversized,
  dripping,
  foreignTypes,
  encoded,
  stale,
  replayed,
  strangers,
  otherKinds,
];
