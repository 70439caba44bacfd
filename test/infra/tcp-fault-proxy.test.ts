import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { seeded } from '../support/merge/random.js';
import { TcpFaultProxy } from '../support/network/tcp-fault-proxy.js';
import { until } from '../support/until.js';

/** Answers every byte with the same byte, and remembers. */
let server: Server;
let heard: Buffer;
let ended: Socket[];
let proxy: TcpFaultProxy;

beforeEach(async () => {
  heard = Buffer.alloc(0);
  const endedHere: Socket[] = [];
  ended = endedHere;
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('close', () => endedHere.push(socket));
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('unreachable: it listens on a port');
  proxy = await TcpFaultProxy.start({ host: '127.0.0.1', port: address.port }, seeded(1));
});
afterEach(async () => {
  for (const { socket } of dialled) socket.destroy();
  dialled.length = 0;
  await proxy.close();
  server.close();
});

interface Dialled {
  readonly socket: Socket;
  readonly got: () => Buffer;
  readonly error: () => string | undefined;
}
const dialled: Dialled[] = [];

async function dial(): Promise<Dialled> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  let got = Buffer.alloc(0);
  let failure: string | undefined;
  socket.on('data', (bytes) => {
    got = Buffer.concat([got, bytes]);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code;
  });
  const one = { socket, got: () => got, error: () => failure };
  dialled.push(one);
  await until(() => !socket.connecting);
  return one;
}

const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, index) => index % 251));

test('without a fault everything passes, in order and in both directions', async () => {
  const { socket, got } = await dial();
  socket.write(bytes(3_000_000));
  await until(() => got().length === 3_000_000);
  expect(got().equals(bytes(3_000_000))).toBe(true);
});

test('latency delays each direction, and many small writes are not delayed one after another', async () => {
  proxy.set({ latencyMs: 200, jitterMs: 20 });
  const { socket, got } = await dial();
  const startedAtMs = performance.now();
  for (let sent = 0; sent < 20; sent++) {
    socket.write('x');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => got().length === 20);
  const tookMs = performance.now() - startedAtMs;
  expect(tookMs).toBeGreaterThanOrEqual(400);
  expect(tookMs).toBeLessThan(20 * 400);
});

test('a slow line gives its first bytes long before its last, and nothing is changed', async () => {
  proxy.set({ bytesPerSecond: 2_000, sliceBytes: 7 });
  const { socket, got } = await dial();
  socket.write(bytes(600));
  await until(() => got().length > 0);
  expect(got().length).toBeLessThan(300);
  await until(() => got().length === 600);
  expect(got().equals(bytes(600))).toBe(true);
});

test('a cut ends open connections and refuses new ones until it is healed', async () => {
  const first = await dial();
  proxy.set({ isCut: true });
  await until(() => first.socket.destroyed);
  const second = await dial();
  await until(() => second.socket.destroyed);
  proxy.heal();
  const third = await dial();
  third.socket.write('x');
  await until(() => third.got().length === 1);
});

test('a reset is told as one', async () => {
  const { socket, error } = await dial();
  socket.write('x');
  await until(() => heard.length === 1);
  proxy.reset();
  await until(() => socket.destroyed);
  expect(error()).toBe('ECONNRESET');
});

test('a half-open connection stays silent for good, and neither side hears of the end of the other', async () => {
  const first = await dial();
  first.socket.write('x');
  await until(() => first.got().length === 1);
  proxy.set({ isHalfOpen: true });
  first.socket.write('lost');
  const second = await dial();
  second.socket.write('lost');
  proxy.heal();
  const third = await dial();
  third.socket.write('y');
  await until(() => third.got().length === 1);
  first.socket.destroy();
  await until(() => first.socket.destroyed);
  expect([first.got().toString(), second.got().toString(), heard.toString(), ended.length]).toEqual(['x', '', 'xy', 0]);
});

test('a request whose response is dropped was delivered', async () => {
  proxy.set({ dropsResponses: true });
  const { socket, got } = await dial();
  socket.write('paid');
  await until(() => socket.destroyed);
  expect([heard.toString(), got().toString()]).toEqual(['paid', '']);
});

test('corruption changes bytes and loses none', async () => {
  proxy.set({ corruption: 1, sliceBytes: 10 });
  const { socket, got } = await dial();
  socket.write(Buffer.alloc(1_000));
  await until(() => got().length === 1_000);
  expect(got().equals(Buffer.alloc(1_000))).toBe(false);
});

test('a slow close comes late, after everything that was said', async () => {
  proxy.set({ closesAfterMs: 300 });
  const { socket, got } = await dial();
  socket.write('last words');
  await until(() => got().length === 10);
  const startedAtMs = performance.now();
  socket.end();
  await until(() => ended.length === 1);
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(290);
});
