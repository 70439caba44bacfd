import { expect, test } from '@jest/globals';
import { PrefixCache } from '../../support/model-server/prefix-cache.js';
import type { WireBlock, WireMessage, WireRequest } from '../../support/model-server/wire.js';

const LONG = 'word '.repeat(2000);
const mark = { cache_control: { type: 'ephemeral' } } as const;
const text = (body: string, more: object = {}): WireBlock => ({ type: 'text', text: body, ...more });
const user = (...content: WireBlock[]): WireMessage => ({ role: 'user', content });
const request = (system: WireBlock[], ...messages: WireMessage[]): WireRequest => ({
  model: 'm',
  max_tokens: 1,
  system,
  messages,
});

const cacheAt = (clock: { now: number }) => new PrefixCache({ minTokens: 1024, now: () => clock.now });

test('a marked prefix is written once and read by the next call that begins with the same bytes', () => {
  const cache = cacheAt({ now: 0 });
  const first = cache.account('k', request([text(LONG, mark)], user(text('a'))));
  const second = cache.account('k', request([text(LONG, mark)], user(text('b'))));
  expect(first).toMatchObject({ write5mTokens: expect.any(Number), readTokens: 0 });
  expect(first.write5mTokens).toBeGreaterThan(2000);
  expect(second).toEqual({
    inputTokens: first.inputTokens,
    write5mTokens: 0,
    write1hTokens: 0,
    readTokens: first.write5mTokens,
  });
});

test('moving the mark forward reads the old prefix and writes only what is new', () => {
  const cache = cacheAt({ now: 0 });
  const one = cache.account('k', request([text(LONG, mark)], user(text(LONG, mark))));
  const two = cache.account('k', request([text(LONG, mark)], user(text(LONG)), user(text('new', mark))));
  expect(two.readTokens).toBe(one.write5mTokens);
  expect(two.inputTokens).toBe(0);
  expect(two.write5mTokens).toBeLessThan(20);
});

test('one changed byte, another key order, another key or another model misses', () => {
  const cache = cacheAt({ now: 0 });
  const call = (input: unknown) =>
    request([text(LONG)], { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'n', input, ...mark }] });
  cache.account('k', call({ a: 1, b: 2 }));
  expect(cache.account('k', call({ b: 2, a: 1 })).readTokens).toBe(0);
  expect(cache.account('other', call({ a: 1, b: 2 })).readTokens).toBe(0);
  expect(cache.account('k', call({ a: 1, b: 2 })).readTokens).toBeGreaterThan(2000);
});

test('a prefix below the minimum is never cached', () => {
  const cache = cacheAt({ now: 0 });
  const small = request([text('short', mark)], user(text('a')));
  expect([cache.account('k', small), cache.account('k', small)].map((usage) => usage.readTokens)).toEqual([0, 0]);
});

test('an entry lives five minutes or an hour after its last use', () => {
  const clock = { now: 0 };
  const cache = cacheAt(clock);
  const short = request([text(LONG, mark)], user(text('a')));
  const long = request([text(`${LONG}!`, { cache_control: { type: 'ephemeral', ttl: '1h' } })], user(text('a')));
  cache.account('k', short);
  expect(cache.account('k', long).write1hTokens).toBeGreaterThan(2000);
  clock.now = 299_000;
  expect(cache.account('k', short).readTokens).toBeGreaterThan(0);
  clock.now = 598_000;
  expect(cache.account('k', short).readTokens).toBeGreaterThan(0);
  clock.now = 598_000 + 300_000;
  expect(cache.account('k', short).readTokens).toBe(0);
  expect(cache.account('k', long).readTokens).toBeGreaterThan(0);
});

test('a prefix is found among the last 20 blocks of a mark, the mark included', () => {
  const fill = (count: number) => Array.from({ length: count }, (_, n) => text(`block ${n}`));
  const missed = cacheAt({ now: 0 });
  missed.account('k', request([], user(text(LONG, mark))));
  expect(missed.account('k', request([], user(text(LONG), ...fill(19), text('end', mark)))).readTokens).toBe(0);
  const found = cacheAt({ now: 0 });
  found.account('k', request([], user(text(LONG, mark))));
  expect(found.account('k', request([], user(text(LONG), ...fill(18), text('end', mark)))).readTokens).toBeGreaterThan(
    0,
  );
});
