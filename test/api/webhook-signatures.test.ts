import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TestApi } from '../support/api/api.js';
import { deliver, headersOf, SECRET, sign } from '../support/api/webhook-sender.js';
import { tries } from '../support/fuzz.js';
import { until } from '../support/until.js';
import { exampleOf } from '../support/webhook-examples.js';

const MAX_BYTES = 1024 * 1024;
const OLD = 'the one before';

let api: TestApi;
let before: Readonly<Record<string, number>>;

beforeAll(async () => {
  api = await TestApi.start({ webhooks: { secrets: () => [SECRET, OLD], maxBytes: MAX_BYTES, maxMs: 1_500 } });
});
afterAll(async () => {
  await api.stop();
});
beforeEach(async () => {
  before = await api.countRows();
});

const expectNothingStored = async (): Promise<void> => expect(await api.countRows()).toEqual(before);
const expectStored = async (count: number): Promise<void> =>
  expect(await api.countRows()).toEqual({ ...before, webhook_delivery: (before.webhook_delivery ?? 0) + count });

const BODY = JSON.stringify(exampleOf('ping'));

test("GitHub's published example is signed as GitHub says", async () => {
  const published = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  expect(sign('Hello, World!')).toBe(published);
  // It is no JSON, which is the first thing that is wrong with it.
  const reply = await deliver(api, 'Hello, World!', { signature: published });
  expect([reply.status, reply.body.code]).toEqual([400, 'InvalidInput']);
  // An event that nobody looks at is not read any further than its signature.
  expect((await deliver(api, 'Hello, World!', { signature: published, event: 'star' })).status).toBe(202);
  const wrong = published.replace('757', '758');
  expect((await deliver(api, 'Hello, World!', { signature: wrong, event: 'star' })).status).toBe(401);
});

test('both active secrets are taken, and no other', async () => {
  expect((await deliver(api, BODY)).status).toBe(202);
  expect((await deliver(api, BODY, { secret: OLD })).status).toBe(202);
  expect((await deliver(api, BODY, { secret: 'another' })).status).toBe(401);
  expect((await deliver(api, BODY, { secret: '' })).status).toBe(401);
  await expectStored(2);
});

const RIGHT = sign(BODY);
const HEX = RIGHT.slice(7);
test.each<[string, string | undefined]>([
  ['none', undefined],
  ['an empty one', ''],
  ['a short one', RIGHT.slice(0, -1)],
  ['a prefix of one', RIGHT.slice(0, 15)],
  ['a padded one', `${RIGHT}00`],
  ['one with a blank inside', `sha256= ${HEX}`],
  ['one in capitals', `sha256=${HEX.toUpperCase()}`],
  ['a scheme in capitals', `SHA256=${HEX}`],
  ['one without its scheme', HEX],
  ['one of SHA-1', `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`],
  ['one of SHA-512', `sha512=${createHmac('sha512', SECRET).update(BODY).digest('hex')}`],
  ['base64', `sha256=${Buffer.from(HEX, 'hex').toString('base64')}`],
  ['zeros', `sha256=${'0'.repeat(64)}`],
  ['one of an empty key', `sha256=${createHmac('sha256', '').update(BODY).digest('hex')}`],
  ['two of them', `${RIGHT}, ${RIGHT}`],
])('as a signature %s is refused, and nothing is stored', async (_, signature) => {
  const reply = await deliver(api, BODY, { headers: { 'x-hub-signature-256': signature } });
  expect([reply.status, reply.body.code]).toEqual([401, 'Unauthenticated']);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  await expectNothingStored();
});

test('the older header with SHA-1 counts for nothing', async () => {
  const sha1 = `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`;
  const alone = { 'x-hub-signature': sha1, 'x-hub-signature-256': undefined };
  expect((await deliver(api, BODY, { headers: alone })).status).toBe(401);
  // A wrong one beside a right one of today does no harm.
  expect((await deliver(api, BODY, { headers: { 'x-hub-signature': 'sha1=00' } })).status).toBe(202);
});

test('every bit of the signature counts', async () => {
  for (let bit = 0; bit < 256; bit += 5) {
    const bytes = Buffer.from(HEX, 'hex');
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect([bit, (await deliver(api, BODY, { signature: `sha256=${bytes.toString('hex')}` })).status]).toEqual([
      bit,
      401,
    ]);
  }
  await expectNothingStored();
});

test('every change of the body counts, the same JSON written otherwise too', async () => {
  const changed = [
    JSON.stringify(JSON.parse(BODY), undefined, 2),
    `${BODY} `,
    `\ufeff${BODY}`,
    BODY.slice(0, -1),
    `${BODY.slice(0, -1)},"zen":"x"}`,
    BODY.replace('"zen"', '"\\u007aen"'),
  ];
  for (const body of changed) expect((await deliver(api, body, { signature: RIGHT })).status).toBe(401);
  await fc.assert(
    fc.asyncProperty(fc.nat(BODY.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
      const bytes = Buffer.from(BODY);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
      expect((await deliver(api, bytes, { signature: RIGHT })).status).toBe(401);
    }),
    tries(50),
  );
  await expectNothingStored();
});

test('a body is signed as it came, whatever characters it holds and whatever charset is said', async () => {
  const body = JSON.stringify({ ...exampleOf('ping'), zen: 'Keep it logically awesome. 🚀 é \u2028' });
  for (const contentType of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=latin1'])
    expect([contentType, (await deliver(api, body, { contentType })).status]).toEqual([contentType, 202]);
});

test('a form is signed as it came, too, and holds the same', async () => {
  const contentType = 'application/x-www-form-urlencoded';
  const form = new URLSearchParams({ payload: BODY }).toString();
  expect((await deliver(api, form, { contentType })).status).toBe(202);
  expect((await deliver(api, form, { contentType, signature: RIGHT })).status).toBe(401);
  expect((await deliver(api, 'other=1', { contentType })).status).toBe(400);
  expect((await deliver(api, BODY, { contentType })).status).toBe(400);
});

test.each<[string, string | Buffer, Parameters<typeof deliver>[2], number]>([
  ['no body', '', {}, 400],
  ['no body of an event that nobody looks at', '', { event: 'star' }, 400],
  ['no JSON', '{', {}, 400],
  ['a list', '[]', {}, 400],
  ['null', 'null', {}, 400],
  ['a text', '"x"', {}, 400],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 400],
  ['no delivery id', BODY, { headers: { 'x-github-delivery': undefined } }, 400],
  ['a delivery id of another form', BODY, { id: 'a b' }, 400],
  ['a delivery id without end', BODY, { id: 'a'.repeat(65) }, 400],
  ['no event', BODY, { headers: { 'x-github-event': undefined } }, 400],
  ['an event of another form', BODY, { event: 'Ping!' }, 400],
  ['an event without end', BODY, { event: 'a'.repeat(65) }, 400],
  ['a compressed body', BODY, { headers: { 'content-encoding': 'gzip' } }, 400],
  ['another type', BODY, { contentType: 'text/plain' }, 415],
  ['XML', BODY, { contentType: 'application/xml' }, 415],
])('%s is refused though it is signed', async (_, body, sent, status) => {
  const reply = await deliver(api, body, sent);
  expect([reply.status, reply.body?.status]).toEqual([status, status]);
  await expectNothingStored();
});

test('what JSON can hold, the payload may: keys of objects, deep nesting, numbers beyond all numbers', async () => {
  const odd = [
    '{"__proto__":{"x":1},"constructor":1}',
    `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    '{"a":1e999}',
  ];
  for (const body of odd) expect((await deliver(api, body)).status).toBe(202);
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
});

test('a body of the largest size is taken, and one byte more is not', async () => {
  const filled = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  expect(Buffer.byteLength(filled(MAX_BYTES))).toBe(MAX_BYTES);
  expect((await deliver(api, filled(MAX_BYTES))).status).toBe(202);
  await expectStored(1);
  before = await api.countRows();
  const over = await deliver(api, filled(MAX_BYTES + 1));
  expect([over.status, over.body.code]).toEqual([413, 'TooLarge']);
  expect((await deliver(api, filled(25 * MAX_BYTES))).status).toBe(413);
  await expectNothingStored();
});

test('the same body in chunks, without a length, is held to the same size', async () => {
  const send = async (bytes: number): Promise<number> => {
    const body = `{"a":"${'x'.repeat(bytes - 8)}"}`;
    const stream = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < body.length; at += 60_000) controller.enqueue(Buffer.from(body.slice(at, at + 60_000)));
        controller.close();
      },
    });
    const init = { method: 'POST', headers: headersOf(body, {}), body: stream, duplex: 'half' as const };
    return (await fetch(`${api.url}/webhooks/github`, init)).status;
  };
  expect([await send(MAX_BYTES), await send(MAX_BYTES + 1)]).toEqual([202, 413]);
});

/** Writes on a socket of its own and answers what came back until it was closed. */
const speak = async (text: string, more?: (write: (text: string) => void) => NodeJS.Timeout): Promise<string> => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let said = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(text);
  const timer = more?.((text) => void socket.write(text));
  await until(() => isClosed);
  clearInterval(timer);
  return said;
};

const head = (body: string): string =>
  `POST /webhooks/github HTTP/1.1\r\nhost: 127.0.0.1\r\n${Object.entries(headersOf(body, {}))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;

test('a body that comes drop by drop is not waited for, and its connection ends', async () => {
  const said = await speak(`${head(BODY)}${BODY.slice(0, 10)}`, (write) => setInterval(() => write(' '), 100));
  expect(said).toMatch(/^HTTP\/1\.1 408 .*connection: close/is);
  await expectNothingStored();
});

test('a body that breaks off stores nothing', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  await new Promise((resolve) => socket.write(`${head(BODY)}${BODY.slice(0, -1)}`, resolve));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.destroy();
  await closed;
  // The next answer shows that the server goes on.
  expect((await deliver(api, BODY)).status).toBe(202);
  await expectStored(1);
});

test('a year-old delivery is a hint like any other', async () => {
  const old = { ...exampleOf('ping'), hook: { created_at: '2019-05-15T15:20:49Z' } };
  expect((await deliver(api, old)).status).toBe(202);
});

test('another method is no route, and without a secret there is none to sign with', async () => {
  expect((await api.get('/webhooks/github', { key: null })).status).toBe(404);
  const unready = await TestApi.start();
  try {
    const reply = await deliver(unready, BODY);
    expect([reply.status, reply.body.code, reply.body.detail]).toEqual([
      404,
      'NotFound',
      'Webhooks of GitHub are not configured here: GITHUB_WEBHOOK_SECRET is not set.',
    ]);
  } finally {
    await unready.stop();
  }
});

test('nothing of all these deliveries is in the log', () => {
  expect(api.logged).toEqual([]);
});
