import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { insertKey, TestApi } from '../support/api/api.js';
import { rowsOf } from '../support/api/seed.js';
import { until } from '../support/until.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ requestLimits: { perMinute: 300, wrongKeysPerMinute: 5, concurrent: 64, streams: 2 } });
});
afterAll(async () => {
  await api?.stop();
});

const WAITING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

const newKey = (): Promise<string> => insertKey(api.database, { name: 'busy', role: 'viewer' });

test('a key that asks too much is answered 429 with Retry-After, and no other key suffers', async () => {
  const [busy, calm] = [await newKey(), await newKey()];
  const replies = await Promise.all(Array.from({ length: 80 }, () => api.get('/api/v1/projects', { key: busy })));
  const refused = replies.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.body).toMatchObject({ code: 'RateLimited', title: 'Too Many Requests' });
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect((await api.get('/api/v1/projects', { key: calm })).status).toBe(200);
});

test('an address that goes on with wrong keys is told to wait; a right key from there is served', async () => {
  const wrong = `mw_${'0'.repeat(32)}_${'A'.repeat(43)}`;
  const statuses: number[] = [];
  for (let at = 0; at < 8; at++) statuses.push((await api.get('/api/v1/projects', { key: wrong })).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  expect((await api.get('/api/v1/projects', { key: await newKey() })).status).toBe(200);
});

test('a key follows so many event streams, and one that is closed makes room', async () => {
  const key = await newKey();
  const open = async (): Promise<{ readonly status: number; close(): void }> => {
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${key}` };
    const { status } = await fetch(`${api.url}/api/v1/events/stream`, { headers, signal: gone.signal });
    return { status, close: () => gone.abort() };
  };
  const streams = [await open(), await open()];
  const third = await open();
  expect([...streams, third].map(({ status }) => status)).toEqual([200, 200, 429]);
  streams[0]?.close();
  const again: { readonly status: number; close(): void }[] = [];
  await until(async () => {
    again.push(await open());
    return again.at(-1)?.status === 200;
  });
  for (const stream of [...streams, ...again]) stream.close();
});

test('hundreds of subscriptions: as many as the process serves, the others a typed refusal, and room for all that went', async () => {
  const crowd = await TestApi.start({ requestLimits: { perMinute: 10_000_000, streams: 20, readers: 50 } });
  const keys = await Promise.all(
    Array.from({ length: 4 }, (_, at) => insertKey(crowd.database, { name: `reader ${at}`, role: 'viewer' })),
  );
  const { hostname, port } = new URL(crowd.url);
  const streams: Socket[] = [];
  /** Answers the status and the code of the problem. */
  const subscribe = (key: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write(
          `GET /api/v1/events/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`,
        ),
      );
      let said = '';
      socket.on('error', reject);
      socket.on('data', (bytes) => {
        said += bytes.toString();
        const status = /^HTTP\/1.1 (\d+)/.exec(said)?.[1];
        if (status === '200') {
          streams.push(socket);
          socket.removeAllListeners('data').resume();
          resolve(status);
        }
      });
      socket.on('end', () => resolve(`${said.slice(9, 12)} ${/"code":"(\w+)"/.exec(said)?.[1]}`));
    });
  try {
    const counts: Record<string, number> = {};
    for (let sent = 0; sent < 400; sent += 100) {
      // The first of them comes alone, and meets its own limit.
      const asked = Array.from({ length: 100 }, (_, at) => subscribe(keys[sent === 0 ? 0 : 1 + (at % 3)] ?? ''));
      for (const answer of await Promise.all(asked)) counts[answer] = (counts[answer] ?? 0) + 1;
    }
    const { '200': served, '429 RateLimited': ofKey = 0, '503 Unavailable': ofAll = 0, ...others } = counts;
    expect([served, ofKey + ofAll, others]).toEqual([50, 350, {}]);
    expect(Math.min(ofKey, ofAll)).toBeGreaterThan(0);
    for (const socket of streams.splice(0)) socket.destroy();
    for (const [at, key] of keys.slice(0, 2).entries())
      await until(async () => {
        await subscribe(key);
        return streams.length === 20 * (at + 1);
      });
    expect(streams).toHaveLength(40);
  } finally {
    for (const socket of streams) socket.destroy();
    await crowd.stop();
  }
});

test('clients that go before they are let in keep no place of those that come later', async () => {
  const few = await TestApi.start({
    requestLimits: { perMinute: 10_000_000, concurrent: 8, streams: 8, readers: 8 },
  });
  const slow = new pg.Client({ connectionString: few.database.url });
  try {
    const key = await insertKey(few.database, { name: 'hasty', role: 'viewer' });
    const { hostname, port } = new URL(few.url);
    await slow.connect();
    // Nobody's key can be read until this session lets go.
    await slow.query('BEGIN');
    await slow.query('LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE');
    for (const path of ['/api/v1/projects', '/api/v1/events/stream'])
      for (let count = 0; count < 20; count += 1) {
        const socket = connect(Number(port), hostname);
        await once(socket, 'connect');
        socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n\r\n`);
        socket.end();
        socket.destroy();
      }
    await until(async () => (await rowsOf(few.database, WAITING)).length > 0);
    await slow.query('COMMIT');
    expect((await few.get('/api/v1/projects', { key })).status).toBe(200);
    const stream = await fetch(`${few.url}/api/v1/events/stream`, { headers: { authorization: `Bearer ${key}` } });
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
  } finally {
    await slow.end();
    await few.stop();
  }
});

test('an address that asks too much is told to wait before it is asked for a key', async () => {
  const small = await TestApi.start({
    requestLimits: { perMinute: 20, wrongKeysPerMinute: 1, concurrent: 1, streams: 1 },
  });
  try {
    const ask = () => small.get('/api/v1/health/live', { key: null });
    const statuses = (await Promise.all(Array.from({ length: 40 }, ask))).map(({ status }) => status);
    expect([...new Set(statuses)].sort()).toEqual([200, 429]);
  } finally {
    await small.stop();
  }
});

test('clients behind a trusted proxy are counted by their own addresses, and nobody else is believed', async () => {
  const limits = { perMinute: 300, wrongKeysPerMinute: 2, concurrent: 64, streams: 2 };
  const behind = await TestApi.start({ requestLimits: limits, trustedProxies: ['127.0.0.1', '::1'] });
  const wrong = `mw_${'0'.repeat(32)}_${'A'.repeat(43)}`;
  const asked = async (of: TestApi, forwarded: string): Promise<number> => {
    const headers = { 'x-forwarded-for': forwarded };
    return (await of.get('/api/v1/projects', { key: wrong, headers })).status;
  };
  const statuses: number[] = [];
  try {
    for (let at = 0; at < 3; at++) statuses.push(await asked(behind, '192.0.2.1'));
    // What stands before the address that the proxy added is the client's own word.
    statuses.push(await asked(behind, '198.51.100.9, 192.0.2.1'), await asked(behind, '192.0.2.2'));
  } finally {
    await behind.stop();
  }
  expect(statuses).toEqual([401, 401, 429, 429, 401]);
  const direct: number[] = [];
  for (let at = 0; at < 7; at++) direct.push(await asked(api, `192.0.2.${at}`));
  expect(direct.at(-1)).toBe(429);
});
