import { createHmac } from 'node:crypto';
import { deliver, headersOf, SECRET, sign } from '../../support/api/webhook-sender.js';
import { WEBHOOK_EXAMPLES } from '../../support/webhook-examples.js';
import type { Vector } from '../vector.js';
import { drip, sendOversized } from './bodies.js';
import { begin, countKept, type Endpoint, playAgain, sendWithHeader } from './deliveries.js';
import { INSTALLATION, REPOSITORY, type WebhooksWorld } from './world.js';

type WebhooksVector = Vector<WebhooksWorld>;

const issue = (more: object = {}): object => ({
  action: 'opened',
  issue: { number: 1 },
  repository: REPOSITORY,
  installation: { id: INSTALLATION },
  ...more,
});
const BODY = JSON.stringify(issue());
const ENDPOINT: Endpoint = {
  path: '/webhooks/github',
  bodyOf: (more) => JSON.stringify(issue(more)),
  headersOf: (body, said) => headersOf(body, { event: 'issues', ...said }),
};

const forged: WebhooksVector = {
  name: 'deliveries that nobody signed, of every event',
  controls: ['webhooks.signature'],
  isSmoke: true,
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const right = sign(BODY);
    const signatures: readonly (readonly [string, string | undefined])[] = [
      ['no signature', undefined],
      ['an empty one', ''],
      ['one with the empty secret', sign(BODY, '')],
      ['one with the name of the header', sign(BODY, 'sha256')],
      ['one of another body', sign(`${BODY} `)],
      ['one of the parsed body', sign(JSON.stringify(JSON.parse(BODY), undefined, 1))],
      ['SHA-1', `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`],
      ['a plain digest', `sha256=${'0'.repeat(64)}`],
      ['capitals', right.toUpperCase()],
      ['a prefix', right.slice(0, 40)],
      ['two', `${sign(BODY, 'x')},${right}`],
    ];
    for (const [how, signature] of signatures) {
      await deliver(world.api, BODY, { event: 'issues', headers: { 'x-hub-signature-256': signature } });
      await countKept(world, tally, how);
    }
    for (const { event, payload } of WEBHOOK_EXAMPLES.filter(({ at }) => at === 0)) {
      await deliver(world.api, { ...payload, repository: REPOSITORY }, { event, secret: 'guessed' });
      await countKept(world, tally, `${event}, signed with a guess`);
    }
  },
};

const changed: WebhooksVector = {
  name: 'a signed delivery with one byte changed',
  controls: ['webhooks.signature'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    for (let at = 0; at < BODY.length; at += 3) {
      const body = Buffer.from(BODY);
      body.writeUInt8(body.readUInt8(at) ^ 1, at);
      await deliver(world.api, body, { event: 'issues', signature: sign(BODY) });
      await countKept(world, tally, `byte ${at}`);
    }
  },
};

const oversized: WebhooksVector = {
  name: 'bodies over the largest size, with a length and in chunks',
  controls: ['webhooks.cap'],
  isSmoke: true,
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await sendOversized(world, tally, ENDPOINT);
  },
};

const dripping: WebhooksVector = {
  name: 'bodies that come drop by drop',
  controls: ['webhooks.patience'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await drip(world, tally, ENDPOINT);
  },
};

const strangers: WebhooksVector = {
  name: 'signed deliveries about what is not ours, or not of this installation',
  controls: ['webhooks.project'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const odd: readonly (readonly [string, object])[] = [
      ['another installation', issue({ installation: { id: 1 } })],
      ['another repository', issue({ repository: { id: 8, full_name: REPOSITORY.full_name } })],
      ['no number', issue({ repository: { full_name: REPOSITORY.full_name } })],
      ['a number as text', issue({ repository: { id: String(REPOSITORY.id), full_name: REPOSITORY.full_name } })],
      ['another installation and a change of it', { action: 'deleted', installation: { id: 1 } }],
    ];
    for (const [how, payload] of odd) {
      for (const event of ['issues', 'installation']) {
        if (event === 'installation' && 'issue' in payload) continue;
        await deliver(world.api, payload, { event });
        const { signals } = await world.kept();
        tally.count(signals > 0 ? `${how}: the factory is told` : undefined);
        await world.forget();
      }
    }
  },
};

const foreignTypes: WebhooksVector = {
  name: 'signed deliveries of another content type',
  controls: ['webhooks.content-type'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    const types = ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/json5'];
    await sendWithHeader(world, tally, ENDPOINT, ['content-type', types]);
  },
};

const encoded: WebhooksVector = {
  name: 'signed deliveries that are said to be compressed',
  controls: ['webhooks.encoding'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await sendWithHeader(world, tally, ENDPOINT, ['content-encoding', ['gzip', 'br', 'identity']]);
  },
};

const replayed: WebhooksVector = {
  name: 'signed deliveries played again and again',
  controls: ['webhooks.once'],
  run: async (world, tally) => {
    await begin(world, ENDPOINT);
    await playAgain(world, tally, ENDPOINT);
  },
};

export const WEBHOOK_VECTORS: readonly WebhooksVector[] = [
  forged,
  changed,
  oversized,
  dripping,
  foreignTypes,
  encoded,
  strangers,
  replayed,
];
