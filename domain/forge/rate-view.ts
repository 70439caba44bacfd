import {
  FORGE_PRIORITIES,
  type ForgePriority,
  minuteOf,
  NO_TOTALS,
  NOBODY_WAITS,
  type RateRules,
  type RateState,
  type RateTotals,
  usedSince,
  waitOf,
} from './rate.js';

/** One of the published limits: what counts against it now. */
export interface WindowView {
  readonly limit: number;
  readonly used: number;
  readonly left: number;
}

/** How one installation or token stands with its forge, for people and for graphs. */
export interface RateView {
  readonly pointsPerMinute: WindowView;
  readonly creationsPerMinute: WindowView;
  readonly creationsPerHour: WindowView;
  /** The forge's own count of the hour, as it said last; null before it did, or once it has begun anew. */
  readonly quota: { readonly limit: number; readonly remaining: number; readonly resetMs: number } | null;
  /** Null while nothing is held back as a whole. */
  readonly pausedUntilMs: number | null;
  /** How long a request that creates something would wait now, by its priority. */
  readonly waitMs: Readonly<Record<ForgePriority, number>>;
  /** Requests that were told to wait and may not ask again yet. */
  readonly waiting: Readonly<Record<ForgePriority, number>>;
  readonly totals: RateTotals;
}

const WRITE_POINTS = 5;

export function rateView(state: RateState, rules: RateRules, nowMs: number): RateView {
  const { quota, pausedUntilMs } = state;
  const waiting = state.waiting ?? NOBODY_WAITS;
  return {
    pointsPerMinute: windowOf(rules.pointsPerMinute, usedSince(state.points, minuteOf(nowMs), 'minute')),
    creationsPerMinute: windowOf(rules.creationsPerMinute, usedSince(state.creations, minuteOf(nowMs), 'minute')),
    creationsPerHour: windowOf(rules.creationsPerHour, usedSince(state.creations, minuteOf(nowMs), 'hour')),
    quota: quota !== null && quota.resetMs > nowMs ? quota : null,
    pausedUntilMs: pausedUntilMs > nowMs ? pausedUntilMs : null,
    waitMs: byPriority((priority) => waitOf(state, rules, { priority, points: WRITE_POINTS, creates: true }, nowMs)),
    waiting: byPriority((priority) =>
      waiting[priority].reduce((sum, [until, count]) => (until > minuteOf(nowMs) ? sum + count : sum), 0),
    ),
    totals: state.totals ?? NO_TOTALS,
  };
}

const windowOf = (limit: number, used: number): WindowView => ({ limit, used, left: Math.max(0, limit - used) });

const byPriority = (of: (priority: ForgePriority) => number): Readonly<Record<ForgePriority, number>> => {
  const [landing, state, report] = FORGE_PRIORITIES.map(of);
  return { landing: landing ?? 0, state: state ?? 0, report: report ?? 0 };
};
