import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { TestApi } from '../support/api/api.js';
import { seedProject } from '../support/api/seed.js';
import { until } from '../support/until.js';

let api: TestApi;
let before: Readonly<Record<string, number>>;
let head: string;
let body: string;

beforeAll(async () => {
  api = await TestApi.start();
  const projectId = await seedProject(api.database);
  head = `POST /api/v1/epics HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${api.keys.admin}\r\ncontent-type: application/json\r\n`;
  body = JSON.stringify({ projectId, title: 'Smuggled' });
});
afterAll(async () => {
  await api.stop();
});
beforeEach(async () => {
  before = await api.countRows();
});

/** Sends bytes as they are and reads until the server closes, or has answered and says no more. */
const send = async (text: string, isOver = (said: string) => /^HTTP\/1\.1 \d+/.test(said)): Promise<string> => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let said = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  socket.on('error', () => {
    isClosed = true;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(text, 'latin1');
  await until(() => isClosed || isOver(said));
  socket.destroy();
  return said;
};

const GET = (key: string): string =>
  `GET /api/v1/projects HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${key}\r\n\r\n`;

test('the way of asking below is answered when it is right', async () => {
  expect(await send(GET(api.keys.admin))).toMatch(/^HTTP\/1\.1 200/);
});

test.each<[string, () => string]>([
  [
    'a length and chunks at once',
    () => `${head}content-length: ${body.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${body}`,
  ],
  ['two lengths', () => `${head}content-length: ${body.length}\r\ncontent-length: 0\r\n\r\n${body}`],
  ['a list of lengths', () => `${head}content-length: ${body.length}, 0\r\n\r\n${body}`],
  ['a length with a sign', () => `${head}content-length: +${body.length}\r\n\r\n${body}`],
  ['a length below nothing', () => `${head}content-length: -1\r\n\r\n${body}`],
  ['an unknown transfer encoding', () => `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['chunked twice', () => `${head}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  ['a chunk length that is none', () => `${head}transfer-encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', () => `${head}transfer-encoding: chunked\r\n\r\n1\r\n${body}\r\n0\r\n\r\n`],
  ['a space before a colon', () => `${head}content-length : ${body.length}\r\n\r\n${body}`],
  ['a folded header', () => `${head}x: a\r\n b\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['NUL in a header', () => `${head}x: a\0b\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['a lone carriage return in a header', () => `${head}x: a\rb: c\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['no host', () => head.replace('host: 127.0.0.1\r\n', `content-length: ${body.length}\r\n`).concat(`\r\n${body}`)],
  ['two keys', () => `${head}authorization: Bearer x\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['two hosts', () => `${head}host: evil.example\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ['an unknown method', () => `${head.replace('POST', 'SMUGGLE')}\r\n`],
  ['another protocol', () => `${head.replace('HTTP/1.1', 'HTTP/3.0')}\r\n`],
  ['no protocol', () => 'GET /api/v1/projects\r\n\r\n'],
  [
    'an absolute address of another host',
    () => head.replace('/api', 'http://evil.example/api').replace('127.0.0.1', 'evil.example').concat('\r\n'),
  ],
  ['headers of a megabyte', () => `${head}x: ${'x'.repeat(1_000_000)}\r\n\r\n`],
  ['ten thousand headers', () => `${head}${'x: y\r\n'.repeat(10_000)}\r\n`],
  ['a path of a megabyte', () => GET(api.keys.admin).replace('/projects', `/projects?x=${'x'.repeat(1_000_000)}`)],
  ['an upgrade', () => `${head}connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 0\r\n\r\n`],
  ['a promise to wait', () => `${head}expect: 200-maybe\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
])('%s is refused or the connection ends, and nothing is stored', async (_, request) => {
  const said = await send(request());
  expect(said).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
  // Without a host, or with an unknown expectation, Node itself answers, with nothing but the status.
  if (said !== '') expect(said).toMatch(/content-type: application\/problem\+json|\r\n0\r\n\r\n$/i);
  expect(await api.countRows()).toEqual(before);
});

test('what follows a body is no part of it, and a second request stands on its own', async () => {
  const first = `${head}content-length: 2\r\n\r\n{}`;
  const said = await send(`${first}${GET('mw_wrong')}`, (text) => (text.match(/HTTP\/1\.1/g) ?? []).length === 2);
  expect([...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['400', '401']);
});

test('a body that breaks off stores nothing', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  await new Promise((resolve) =>
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body.slice(0, -1)}`, resolve),
  );
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.destroy();
  await closed;
  // The next answer shows that the server goes on.
  expect((await api.get('/api/v1/projects')).status).toBe(200);
  expect(await api.countRows()).toEqual(before);
});

test('nothing of all these requests is in the log', () => {
  expect(api.logged).toEqual([]);
});
