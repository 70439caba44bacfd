import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Admission,
  admit,
  answered,
  type ForgePriority,
  type ForgeRequest,
  GITHUB_RATES,
  NO_RATE,
  type RateState,
} from '../../../domain/forge/rate.js';

const MINUTE = 60_000;
const NOON = 28_000_000 * MINUTE;
const comment: ForgeRequest = { points: 5, creates: true, priority: 'landing' };
const read: ForgeRequest = { points: 1, creates: false, priority: 'landing' };

/** Lets in as many as may go at this moment. */
const fill = (state: RateState, request: ForgeRequest, nowMs: number): { state: RateState; count: number } => {
  for (let count = 0; ; count += 1) {
    const admission = admit(state, GITHUB_RATES, request, nowMs);
    if (admission.kind === 'wait') return { state, count };
    state = admission.state;
  }
};
const waitOf = (admission: Admission): number => (admission.kind === 'wait' ? admission.waitMs : 0);

test('no hour, wherever it begins, holds more creations than GitHub allows, and none is refused for ever', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 5 * MINUTE }), { minLength: 700, maxLength: 900 }),
      fc.constantFrom<ForgePriority>('landing', 'state', 'report'),
      (pauses, priority) => {
        let [state, now] = [NO_RATE, NOON];
        const sent: number[] = [];
        for (const pause of pauses) {
          now += pause % 9 === 0 ? pause : 0;
          for (;;) {
            const admission = admit(state, GITHUB_RATES, { ...comment, priority }, now);
            if (admission.kind === 'go') {
              state = admission.state;
              sent.push(now);
              break;
            }
            expect(admission.waitMs).toBeGreaterThan(0);
            now += admission.waitMs;
          }
        }
        const within = (ms: number): number =>
          Math.max(...sent.map((start, from) => sent.slice(from).filter((at) => at < start + ms).length));
        expect(within(60 * MINUTE)).toBeLessThanOrEqual(500);
        expect(within(MINUTE)).toBeLessThanOrEqual(80);
      },
    ),
    { numRuns: 20 },
  );
});

test('reads and writes share the points of a minute', () => {
  expect(fill(NO_RATE, read, NOON).count).toBe(900);
  expect(fill(NO_RATE, { ...comment, creates: false }, NOON).count).toBe(180);
  const { state } = fill(NO_RATE, read, NOON);
  expect(waitOf(admit(state, GITHUB_RATES, read, NOON + 1_000))).toBe(2 * MINUTE - 1_000);
  expect(admit(state, GITHUB_RATES, read, NOON + 2 * MINUTE).kind).toBe('go');
});

test('what is only shown leaves room for what lands', () => {
  const { state, count } = fill(NO_RATE, { ...comment, priority: 'report' }, NOON);
  expect(count).toBe(56);
  expect(fill(state, { ...comment, priority: 'state' }, NOON).count).toBe(72 - 56);
  expect(fill(state, comment, NOON).count).toBe(80 - 56);
});

test('a refusal pauses everybody for as long as it says', () => {
  const after = answered(NO_RATE, { isLimited: true, retryAfterMs: 90_000 }, NOON, 0.5);
  expect(waitOf(admit(after, GITHUB_RATES, read, NOON + 1))).toBe(90_000 - 1);
  const empty = answered(NO_RATE, { isLimited: true, limit: 5000, remaining: 0, resetMs: NOON + 10 * MINUTE }, NOON, 0);
  expect(waitOf(admit(empty, GITHUB_RATES, read, NOON))).toBe(10 * MINUTE);
  expect(admit(empty, GITHUB_RATES, read, NOON + 10 * MINUTE).kind).toBe('go');
});

test('a refusal that names no time pauses a minute, and each further one twice as long', () => {
  let [state, now] = [NO_RATE, NOON];
  const waits: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    state = answered(state, { isLimited: true }, now, 0);
    waits.push(waitOf(admit(state, GITHUB_RATES, read, now)) / MINUTE);
    now += (waits[round] ?? 0) * MINUTE;
  }
  expect(waits).toEqual([1, 2, 4, 8]);
  state = answered(state, { isLimited: false }, now, 0);
  expect(waitOf(admit(answered(state, { isLimited: true }, now, 0), GITHUB_RATES, read, now))).toBe(MINUTE);
});

test('the last of the hourly quota is kept for landing', () => {
  const state = answered(
    NO_RATE,
    { isLimited: false, limit: 5_000, remaining: 240, resetMs: NOON + 30 * MINUTE },
    NOON,
    0,
  );
  expect(admit(state, GITHUB_RATES, { ...read, priority: 'report' }, NOON).kind).toBe('wait');
  expect(admit(state, GITHUB_RATES, { ...read, priority: 'state' }, NOON).kind).toBe('wait');
  expect(admit(state, GITHUB_RATES, read, NOON).kind).toBe('go');
  expect(admit(state, GITHUB_RATES, { ...read, priority: 'report' }, NOON + 30 * MINUTE).kind).toBe('go');
});
