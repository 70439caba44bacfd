// What a forge lets one installation ask, counted for all workers together (RELIABILITY section 3).

/** Who goes first when little is left: landing, then what a workflow waits for, then what is only shown. */
export type ForgePriority = 'landing' | 'state' | 'report';

export interface ForgeRequest {
  /** Reads cost 1 point, writes 5. */
  readonly points: number;
  /** Creates something that people see: a pull request, a comment, a check run, a merge. */
  readonly creates: boolean;
  readonly priority: ForgePriority;
}

export const FORGE_PRIORITIES: readonly ForgePriority[] = ['landing', 'state', 'report'];

/** Reason of a `RateLimited` failure that is a forge's. */
export const FORGE_LIMIT = 'FORGE_LIMIT';

export interface RateRules {
  readonly pointsPerMinute: number;
  readonly creationsPerMinute: number;
  readonly creationsPerHour: number;
}

/** GitHub's published limits of an installation. */
export const GITHUB_RATES: RateRules = { pointsPerMinute: 900, creationsPerMinute: 80, creationsPerHour: 500 };

/**
 * Linear publishes what an hour may hold, which its answers tell; of how fast it may be spent it says nothing, so these
 * are our own manners.
 */
export const LINEAR_RATES: RateRules = { pointsPerMinute: 240, creationsPerMinute: 40, creationsPerHour: 500 };

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
  /** Requests that were told to wait, by the minute in which they may ask again. Absent in rows of an older program. */
  readonly waiting?: Readonly<Record<ForgePriority, Counts>>;
  /** Since the row was made. Absent alike. */
  readonly totals?: RateTotals;
}

type Counts = readonly (readonly [number, number])[];
type ByPriority = Readonly<Record<ForgePriority, number>>;

export interface RateTotals {
  readonly requests: ByPriority;
  /** How often a request was told to wait; one request may be told so several times. */
  readonly waits: ByPriority;
  readonly creations: number;
  /** Answers of the forge that said it limits us. */
  readonly refusals: number;
}

const NONE: ByPriority = { landing: 0, state: 0, report: 0 };
export const NO_TOTALS: RateTotals = { requests: NONE, waits: NONE, creations: 0, refusals: 0 };
export const NOBODY_WAITS: Readonly<Record<ForgePriority, Counts>> = { landing: [], state: [], report: [] };

export const NO_RATE: RateState = { points: [], creations: [], pausedUntilMs: 0, strikes: 0, quota: null };

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

/** Share of each limit that stays free for those who go before. */
const RESERVED: Readonly<Record<ForgePriority, number>> = { landing: 0, state: 0.1, report: 0.3 };

/** Either way the request is counted in `state`: as sent, or as one that waits. */
export type Admission =
  | { readonly kind: 'go'; readonly state: RateState }
  | { readonly kind: 'wait'; readonly waitMs: number; readonly state: RateState };

/**
 * Counts the request, or says how long to wait. Windows are whole minutes and one more than their length, so that no
 * minute or hour, wherever it begins, holds more than the rule.
 */
export function admit(state: RateState, rules: RateRules, request: ForgeRequest, nowMs: number): Admission {
  const needsMs = waitOf(state, rules, request, nowMs);
  if (needsMs <= 0) return { kind: 'go', state: withSent(state, request, nowMs) };
  const waitMs = request.creates ? behindOthers(state, rules, request.priority, nowMs + needsMs) - nowMs : needsMs;
  return { kind: 'wait', waitMs, state: withWaiter(state, request.priority, nowMs, waitMs) };
}

/** Who waits to create is given a minute of his own share: hundreds that came back at once would be refused again. */
function behindOthers(
  state: RateState,
  { creationsPerHour }: RateRules,
  priority: ForgePriority,
  atMs: number,
): number {
  const aMinute = Math.max(1, Math.floor(creationsPerHour / HOUR_MINUTES));
  const waiting = new Map((state.waiting ?? NOBODY_WAITS)[priority]);
  let until = Math.ceil(atMs / MINUTE_MS);
  if ((waiting.get(until) ?? 0) < aMinute) return atMs;
  while ((waiting.get(until) ?? 0) >= aMinute) until += 1;
  return until * MINUTE_MS;
}

/** How long the request would have to wait now, in milliseconds; 0 when it may go. */
export function waitOf(state: RateState, rules: RateRules, request: ForgeRequest, nowMs: number): number {
  if (nowMs < state.pausedUntilMs) return state.pausedUntilMs - nowMs;
  if (quotaIsLow(state, request, nowMs)) return (state.quota?.resetMs ?? nowMs) - nowMs;
  const minute = minuteOf(nowMs);
  const spare = 1 - RESERVED[request.priority];
  const { points, creations } = state;
  const waits = [freeAt(points, minute, 1, rules.pointsPerMinute * spare, request.points)];
  if (request.creates)
    waits.push(
      freeAt(creations, minute, 1, rules.creationsPerMinute * spare, 1),
      freeAt(creations, minute, HOUR_MINUTES, rules.creationsPerHour * spare, 1),
    );
  const at = Math.max(...waits);
  return at > minute ? at * MINUTE_MS - nowMs : 0;
}

function withSent(state: RateState, { priority, points, creates }: ForgeRequest, nowMs: number): RateState {
  const minute = minuteOf(nowMs);
  const { requests, creations, ...totals } = state.totals ?? NO_TOTALS;
  const created = recent(state.creations, minute, HOUR_MINUTES);
  return {
    ...state,
    points: added(recent(state.points, minute, 1), minute, points),
    creations: creates ? added(created, minute, 1) : created,
    totals: { ...totals, requests: more(requests, priority), creations: creations + (creates ? 1 : 0) },
  };
}

/** It asks again when it was told to, so it waits until then and no longer. */
function withWaiter(state: RateState, priority: ForgePriority, nowMs: number, waitMs: number): RateState {
  const { waits, ...totals } = state.totals ?? NO_TOTALS;
  const waiting = state.waiting ?? NOBODY_WAITS;
  const until = Math.ceil((nowMs + waitMs) / MINUTE_MS);
  const still = waiting[priority].filter(([at]) => at * MINUTE_MS > nowMs && at !== until);
  const known = waiting[priority].find(([at]) => at === until)?.[1] ?? 0;
  return {
    ...state,
    waiting: { ...waiting, [priority]: [...still, [until, known + 1]] },
    totals: { ...totals, waits: more(waits, priority) },
  };
}

const more = (counts: ByPriority, priority: ForgePriority): ByPriority => ({
  ...counts,
  [priority]: counts[priority] + 1,
});

/** Number of the minute that a moment lies in. */
export const minuteOf = (nowMs: number): number => Math.floor(nowMs / MINUTE_MS);

const recent = (counts: Counts, minute: number, window: number): Counts =>
  counts.filter(([at]) => at >= minute - window);

/** What counts against a window now: whole minutes, one more than its length. */
export const usedSince = (counts: Counts, minute: number, window: 'minute' | 'hour'): number =>
  recent(counts, minute, window === 'minute' ? 1 : HOUR_MINUTES).reduce((sum, [, n]) => sum + n, 0);

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
    totals: withRefusal(state.totals ?? NO_TOTALS),
  };
}

const withRefusal = (totals: RateTotals): RateTotals => ({ ...totals, refusals: totals.refusals + 1 });
