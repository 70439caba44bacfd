import { expect, test } from '@jest/globals';
import { Buckets, InFlight } from '../../api/http/buckets.js';
import { REQUEST_LIMITS, RequestMeter } from '../../api/http/limits.js';

/** Takes until the bucket refuses. */
const drain = (take: () => void): { readonly taken: number; readonly refusal: unknown } => {
  for (let taken = 0; ; taken++) {
    try {
      take();
    } catch (refusal) {
      return { taken, refusal };
    }
  }
};

test('a bucket gives its burst at once, then what comes back, and says how long that takes', () => {
  let nowMs = 0;
  const buckets = new Buckets({ perMinute: 60, burst: 5 }, () => nowMs);
  expect(drain(() => buckets.take('ada', 'of ada'))).toEqual({
    taken: 5,
    refusal: expect.objectContaining({ type: 'RateLimited', retryAfterMs: 1_000 }),
  });
  nowMs = 2_500;
  expect(drain(() => buckets.take('ada', 'of ada'))).toMatchObject({ taken: 2, refusal: { retryAfterMs: 500 } });
  nowMs = 10 * 60_000;
  expect(drain(() => buckets.take('ada', 'of ada')).taken).toBe(5);
});

test('a bucket takes nothing from another', () => {
  const buckets = new Buckets({ perMinute: 60, burst: 2 }, () => 0);
  drain(() => buckets.take('ada', ''));
  expect(drain(() => buckets.take('bob', '')).taken).toBe(2);
});

test('addresses that never come back do not fill the memory, and one that keeps coming is not forgotten', () => {
  const buckets = new Buckets({ perMinute: 60, burst: 2 }, () => 0);
  drain(() => buckets.take('busy', ''));
  for (let at = 0; at < 30_000; at++) {
    buckets.take(`passer-by ${at}`, '');
    if (at % 1_000 === 0) expect(drain(() => buckets.take('busy', '')).taken).toBe(0);
  }
  expect(drain(() => buckets.take('passer-by 0', '')).taken).toBe(2);
});

test('as many requests run at once as are allowed, and each that ends makes room', () => {
  const running = new InFlight(2);
  expect(drain(() => running.enter('ada', '')).taken).toBe(2);
  running.leave('ada');
  expect(drain(() => running.enter('ada', '')).taken).toBe(1);
  expect(drain(() => running.enter('bob', '')).taken).toBe(2);
});

test('an address may ask four times what one key may', () => {
  const limits = { ...REQUEST_LIMITS, perMinute: 60 };
  const meter = new RequestMeter(limits, () => 0);
  expect(drain(() => meter.fromAddress('10.0.0.1')).taken).toBe(24);
  const leaves: (() => void)[] = [];
  expect(drain(() => leaves.push(meter.ofKey('key', false))).taken).toBe(6);
});

test('requests and streams of one key are counted apart, and each that ends makes room', () => {
  const meter = new RequestMeter({ ...REQUEST_LIMITS, concurrent: 2, streams: 1 }, () => 0);
  const leaves: (() => void)[] = [];
  const asked = (isStream: boolean) => drain(() => leaves.push(meter.ofKey('key', isStream))).taken;
  expect([asked(false), asked(true)]).toEqual([2, 1]);
  leaves.shift()?.();
  expect([asked(false), asked(true)]).toEqual([1, 0]);
  leaves[1]?.();
  expect([asked(false), asked(true)]).toEqual([0, 1]);
});
