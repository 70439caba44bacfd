import { createHmac, randomUUID } from 'node:crypto';
import { rowsOf } from '../../support/api/seed.js';
import { deliver, headersOf, SECRET, sign } from '../../support/api/webhook-sender.js';
import { WEBHOOK_EXAMPLES } from '../../support/webhook-examples.js';
import type { Vector } from '../vector.js';
import { countKept, drip, type Endpoint, sendOversized } from './bodies.js';
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
const ENDPOINT: Endpoint = { path: '/webhooks/github', headersOf: (body) => headersOf(body, { event: 'issues' }) };

/** The bait is alive: the same way with nothing wrong is taken. */
const begin = async (world: WebhooksWorld): Promise<void> => {
  await deliver(world.api, BODY, { event: 'issues' });
  const { deliveries, signals } = await world.kept();
  if (deliveries !== 1 || signals !== 1) throw new Error('a right delivery is not taken');
  await world.forget();
};

const forged: WebhooksVector = {
  name: 'deliveries that nobody signed, of every event',
  controls: ['webhooks.signature'],
  isSmoke: true,
  run: async (world, tally) => {
    await begin(world);
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
    await begin(world);
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
    await begin(world);
    await sendOversized(world, tally, ENDPOINT, (filler) => JSON.stringify(issue({ filler })));
  },
};

const dripping: WebhooksVector = {
  name: 'bodies that come drop by drop',
  controls: ['webhooks.patience'],
  run: async (world, tally) => {
    await begin(world);
    await drip(world, tally, ENDPOINT, BODY);
  },
};

const strangers: WebhooksVector = {
  name: 'signed deliveries about what is not ours, or not of this installation',
  controls: ['webhooks.project'],
  run: async (world, tally) => {
    await begin(world);
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

const foreignForms: WebhooksVector = {
  name: 'signed deliveries of another content type, or compressed',
  controls: ['webhooks.form'],
  run: async (world, tally) => {
    await begin(world);
    for (const contentType of [
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/json5',
    ]) {
      await deliver(world.api, BODY, { event: 'issues', contentType });
      await countKept(world, tally, contentType);
    }
    for (const encoding of ['gzip', 'br', 'identity']) {
      await deliver(world.api, BODY, { event: 'issues', headers: { 'content-encoding': encoding } });
      await countKept(world, tally, encoding);
    }
  },
};

const replayed: WebhooksVector = {
  name: 'signed deliveries played again and again',
  controls: ['webhooks.once'],
  run: async (world, tally) => {
    await begin(world);
    const id = randomUUID();
    for (let at = 0; at < 20; at++) {
      await deliver(world.api, BODY, { event: 'issues', id });
      // As if the factory had looked each time.
      await rowsOf(world.api.database, 'UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL');
      const { deliveries, signals } = await world.kept();
      tally.count(deliveries > 1 || signals > 1 ? `copy ${at}: the factory is told again` : undefined);
    }
    await world.forget();
  },
};

export const WEBHOOK_VECTORS: readonly WebhooksVector[] = [
  forged,
  changed,
  oversized,
  dripping,
  foreignForms,
  strangers,
  replayed,
];
