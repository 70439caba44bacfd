import { expect, test } from '@jest/globals';
import { createBrokerFetch } from '../../../activities/sandbox/broker.js';
import { scrubbed } from '../../../activities/sandbox/scrub.js';

const KEY = 'key-of-twenty-letters';
const BLOT = '*'.repeat(KEY.length);

/** The text in pieces of this size, as the network may cut it. */
const inPieces = (text: string, size: number): ReadableStream<Uint8Array> => {
  const bytes = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
};

test.each([1, 2, 7, 20, 21, 22, 1000])('the key is blotted out of a body in pieces of %i bytes', async (size) => {
  const text = `ü ${KEY}${KEY} key-of-twenty key-of-twenty-${KEY} ${KEY.slice(0, -1)}`;
  const answer = await scrubbed(new Response(inPieces(text, size)), KEY).text();
  expect(answer).toBe(text.replaceAll(KEY, BLOT));
});

test('it is blotted out of headers too, and the rest stays', async () => {
  const response = new Response('x', {
    status: 529,
    statusText: KEY,
    headers: { 'request-id': `a-${KEY}`, 'retry-after': '3' },
  });
  const { status, statusText, headers } = scrubbed(response, KEY);
  expect([status, statusText, headers.get('request-id'), headers.get('retry-after')]).toEqual([
    529,
    BLOT,
    `a-${BLOT}`,
    '3',
  ]);
});

test('a piece that cannot be the beginning of the key is passed on at once', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const reader = scrubbed(new Response(readable), KEY).body?.getReader();
  // It never ends, and is read as far as it came.
  void writable.getWriter().write(Buffer.from('event: ping\n\n'));
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('event: ping\n\n');
  await reader?.cancel();
});

test('what is too short to be a secret, or absent, changes nothing', async () => {
  for (const secret of [undefined, '', 'short'])
    expect(await scrubbed(new Response('short'), secret).text()).toBe('short');
});

test('a broker passes on no answer that repeats its key', async () => {
  const fetch = createBrokerFetch(
    { apiKey: KEY, baseUrl: 'http://gateway.test' },
    async () => new Response(`bad ${KEY}`, { status: 500 }),
  );
  const response = await fetch('https://model.broker.invalid/v1/messages', { method: 'POST' });
  expect([response.status, await response.text()]).toEqual([500, `bad ${BLOT}`]);
});
