// What a forge lets one installation ask, counted for all workers together (RELIABILITY section 3).

/** Who goes first when little is left: landing, then what a workflow waits for, then what is only shown. */
export type ForgePriority = 'landing' | 'state' | 'report';

export interface ForgeRequest {
  /** Reads cost 1 point, writes 5. */
  readonly points: number;
  /** Creates something that people see: a pull request, a comment, a check run. */
  readonly creates: boolean;
  readonly priority: ForgePriority;
}

export interface RateRules {
  readonly pointsPerMinute: number;
  readonly creationsPerMinute: number;
  readonly creationsPerHour: number;
}

/** GitHub's published limits of an installation. */
export const GITHUB_RATES: RateRules = { pointsPerMinute: 900, creationsPerMinute: 80, creationsPerHour: 500 };

/** JSON of one row. Times are milliseconds since the epoch. */
export interface RateState {
  /** Points spent in each minute that still counts, oldest first: [minute number, points]. */
  readonly points: readonly (readonly [number, number])[];
  /** Creations alike. */
  readonly creations: readonly (readonly [number, number])[];
  /** Nothing is sent before this. */
  readonly pausedUntilMs: number;
  /** Refusals in a row that named no time: each doubles the next pause. */
  readonly strikes: number;
  /** What the forge said last of its hourly quota. */
  readonly quota: { readonly limit: number; readonly remaining: number; readonly resetMs: number } | null;
}

export const NO_RATE: RateState = { points: [], creations: [], pausedUntilMs: 0, strikes: 0, quota: null };

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

/** Share of each limit that stays free for those who go before. */
const RESERVED: Readonly<Record<ForgePriority, number>> = { landing: 0, state: 0.1, report: 0.3 };

export type Admission =
  | { readonly kind: 'go'; readonly state: RateState }
  | { readonly kind: 'wait'; readonly waitMs: number };

/**
 * Counts the request, or says how long to wait. Windows are whole minutes and one more than their length, so that no
 * minute or hour, wherever it begins, holds more than the rule.
 */
export function admit(state: RateState, rules: RateRules, request: ForgeRequest, nowMs: number): Admission {
  if (nowMs < state.pausedUntilMs) return { kind: 'wait', waitMs: state.pausedUntilMs - nowMs };
  const minute = Math.floor(nowMs / MINUTE_MS);
  const spare = 1 - RESERVED[request.priority];
  const points = recent(state.points, minute, 1);
  const creations = recent(state.creations, minute, HOUR_MINUTES);
  if (quotaIsLow(state, request, nowMs)) return { kind: 'wait', waitMs: (state.quota?.resetMs ?? nowMs) - nowMs };
  const waits = [freeAt(points, minute, 1, rules.pointsPerMinute * spare, request.points)];
  if (request.creates)
    waits.push(
      freeAt(creations, minute, 1, rules.creationsPerMinute * spare, 1),
      freeAt(creations, minute, HOUR_MINUTES, rules.creationsPerHour * spare, 1),
    );
  const at = Math.max(...waits);
  if (at > minute) return { kind: 'wait', waitMs: at * MINUTE_MS - nowMs };
  return {
    kind: 'go',
    state: {
      ...state,
      points: added(points, minute, request.points),
      creations: request.creates ? added(creations, minute, 1) : creations,
    },
  };
}

type Counts = RateState['points'];

const recent = (counts: Counts, minute: number, window: number): Counts =>
  counts.filter(([at]) => at >= minute - window);

const added = (counts: Counts, minute: number, count: number): Counts => {
  const last = counts.at(-1);
  return last?.[0] === minute ? [...counts.slice(0, -1), [minute, last[1] + count]] : [...counts, [minute, count]];
};

/** First minute in which `count` more fit beside what the window before it holds. */
function freeAt(counts: Counts, minute: number, window: number, most: number, count: number): number {
  const within = counts.filter(([at]) => at >= minute - window);
  let used = within.reduce((sum, [, n]) => sum + n, 0);
  let at = minute;
  for (const [when, n] of within) {
    if (used + count <= most) break;
    used -= n;
    at = Math.max(at, when + window + 1);
  }
  return at;
}

/** The hourly quota is the forge's own count; others may use the same installation. */
const quotaIsLow = ({ quota }: RateState, { points, priority }: ForgeRequest, nowMs: number): boolean =>
  quota !== null && nowMs < quota.resetMs && quota.remaining - points < quota.limit * RESERVED[priority] * 0.5;

/** What an answer's headers say; undefined where they say nothing. Times in milliseconds since the epoch. */
export interface RateAnswer {
  readonly isLimited: boolean;
  readonly retryAfterMs?: number;
  readonly limit?: number;
  readonly remaining?: number;
  readonly resetMs?: number;
}

const LEAST_PAUSE_MS = 60_000;
const MOST_PAUSE_MS = 60 * 60_000;

/** @param jitter 0 to 1 */
export function answered(state: RateState, answer: RateAnswer, nowMs: number, jitter: number): RateState {
  const { limit, remaining, resetMs } = answer;
  const quota =
    limit === undefined || remaining === undefined || resetMs === undefined
      ? state.quota
      : { limit, remaining, resetMs };
  if (!answer.isLimited) return { ...state, quota, strikes: nowMs < state.pausedUntilMs ? state.strikes : 0 };
  const isEmpty = remaining === 0 && resetMs !== undefined;
  const named = answer.retryAfterMs ?? (isEmpty ? resetMs - nowMs : undefined);
  const doubled = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** state.strikes) * (1 + jitter / 4);
  const pauseMs = Math.max(1_000, named ?? doubled);
  return {
    ...state,
    quota,
    pausedUntilMs: Math.max(state.pausedUntilMs, nowMs + pauseMs),
    strikes: named === undefined ? state.strikes + 1 : state.strikes,
  };
}
