import { expect, test } from '@jest/globals';
import {
  admit,
  answered,
  type ForgeRequest,
  GITHUB_RATES,
  NO_RATE,
  type RateState,
} from '../../../domain/forge/rate.js';
import { rateView } from '../../../domain/forge/rate-view.js';

const MINUTE = 60_000;
const NOON = 28_000_000 * MINUTE;
const comment: ForgeRequest = { points: 5, creates: true, priority: 'report' };

const times = (count: number, state: RateState, request: ForgeRequest, nowMs: number): RateState =>
  Array.from({ length: count }).reduce<RateState>((next) => admit(next, GITHUB_RATES, request, nowMs).state, state);

test('a view says what each window holds, who waits, and how long another one would', () => {
  const state = times(60, NO_RATE, comment, NOON + 10_000);
  expect(rateView(state, GITHUB_RATES, NOON + 20_000)).toEqual({
    pointsPerMinute: { limit: 900, used: 280, left: 620 },
    creationsPerMinute: { limit: 80, used: 56, left: 24 },
    creationsPerHour: { limit: 500, used: 56, left: 444 },
    quota: null,
    pausedUntilMs: null,
    waitMs: { landing: 0, state: 0, report: 100_000 },
    waiting: { landing: 0, state: 0, report: 4 },
    totals: {
      requests: { landing: 0, state: 0, report: 56 },
      waits: { landing: 0, state: 0, report: 4 },
      creations: 56,
      refusals: 0,
    },
  });
});

test('who was told to wait is forgotten when the time has come', () => {
  const state = times(60, NO_RATE, comment, NOON);
  expect(rateView(state, GITHUB_RATES, NOON + MINUTE).waiting.report).toBe(4);
  expect(rateView(state, GITHUB_RATES, NOON + 2 * MINUTE).waiting.report).toBe(0);
});

test('a refusal is counted and shown until it is over, the forge’s own count until it begins anew', () => {
  const state = answered(
    NO_RATE,
    { isLimited: true, retryAfterMs: 90_000, limit: 5_000, remaining: 12, resetMs: NOON + 20 * MINUTE },
    NOON,
    0,
  );
  expect(rateView(state, GITHUB_RATES, NOON)).toMatchObject({
    pausedUntilMs: NOON + 90_000,
    quota: { remaining: 12 },
    totals: { refusals: 1 },
  });
  const later = rateView(state, GITHUB_RATES, NOON + 20 * MINUTE);
  expect([later.pausedUntilMs, later.quota]).toEqual([null, null]);
});

test('a row of an older program is read as one that counted nothing yet', () => {
  const { waiting: _w, totals: _t, ...old } = NO_RATE;
  expect(rateView(admit(old, GITHUB_RATES, comment, NOON).state, GITHUB_RATES, NOON).totals.creations).toBe(1);
});
