import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from '../vector.js';
import { countKept, type Endpoint } from './deliveries.js';
import { MAX_BYTES, MAX_MS, type WebhooksWorld } from './world.js';

/** Right bodies with so much more in them. */
export async function sendOversized(
  world: WebhooksWorld,
  tally: Tally,
  { path, bodyOf, headersOf }: Endpoint,
): Promise<void> {
  for (const bytes of [MAX_BYTES + 1, 2 * MAX_BYTES, 20 * MAX_BYTES]) {
    const body = bodyOf({ filler: 'x'.repeat(bytes) }).padEnd(bytes, ' ');
    await world.api.call('POST', path, { key: null, raw: body, headers: headersOf(body) });
    await countKept(world, tally, `${bytes} bytes`);
    const stream = new Blob([body]).stream();
    const init = { method: 'POST', headers: headersOf(body), body: stream, duplex: 'half' as const };
    await fetch(`${world.api.url}${path}`, init).catch(() => {}); // hung up on
    await countKept(world, tally, `${bytes} bytes in chunks`);
  }
}

/** Fifty senders at once, each of whom sends a byte now and then. */
export async function drip(world: WebhooksWorld, tally: Tally, { path, bodyOf, headersOf }: Endpoint): Promise<void> {
  const body = bodyOf();
  const head = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}\r\n`);
  const start = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${head.join('')}content-length: ${body.length}\r\n\r\n`;
  const held = Array.from({ length: 50 }, () => {
    const socket = connect(Number(new URL(world.api.url).port), '127.0.0.1');
    socket.on('error', () => {}); // hung up on
    socket.write(start);
    socket.resume();
    return socket;
  });
  for (let drop = 0; drop < 30 && held.some(({ closed }) => !closed); drop++) {
    for (const socket of held) if (socket.writable) socket.write(body.charAt(drop));
    await sleep(MAX_MS / 5);
  }
  for (const socket of held) {
    tally.count(socket.closed ? undefined : 'a connection is still held after six times as long');
    socket.destroy();
  }
}
