import type { Clock } from '../clock.js';

/** GitHub's documented limits. Tests make them smaller. */
export interface Limits {
  requestsPerHour: number;
  pointsPerMinute: number;
  contentPerMinute: number;
  contentPerHour: number;
  concurrent: number;
  /** Whether a secondary refusal says how long to wait. */
  saysRetryAfter: boolean;
}

export const DOCUMENTED: Readonly<Limits> = {
  requestsPerHour: 5_000,
  pointsPerMinute: 900,
  contentPerMinute: 80,
  contentPerHour: 500,
  concurrent: 100,
  saysRetryAfter: true,
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const WRITE_POINTS = 5;

interface Account {
  windowStartMs: number;
  used: number;
  inFlight: number;
  /** Until when it was told to wait. */
  refusedUntilMs: number;
  readonly points: { readonly atMs: number; readonly points: number }[];
  readonly contentAtMs: number[];
}

export interface Cost {
  readonly method: string;
  readonly createsContent: boolean;
}

export interface Refusal {
  readonly kind: 'primary' | 'secondary';
  readonly retryAfterSeconds: number;
}

/** Counts what each installation or person does, and says when it is too much. */
export class Limiter {
  readonly limits: Limits;
  /** Requests that came although their caller had been told to wait. */
  hammered = 0;
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly clock: Clock,
    limits: Partial<Limits> = {},
  ) {
    this.limits = { ...DOCUMENTED, ...limits };
  }

  /** Undefined: it may go on, and is counted. `leave` when it is answered. */
  enter(who: string, { method, createsContent }: Cost): Refusal | undefined {
    const now = this.clock.now();
    const account = this.account(who, now);
    account.inFlight += 1;
    if (now < account.refusedUntilMs) this.hammered += 1;
    const refuse = (kind: Refusal['kind'], untilMs: number): Refusal => {
      account.refusedUntilMs = untilMs;
      return { kind, retryAfterSeconds: Math.ceil((untilMs - now) / 1_000) };
    };
    if (account.used >= this.limits.requestsPerHour) return refuse('primary', account.windowStartMs + HOUR_MS);
    account.used += 1;
    const points = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? 1 : WRITE_POINTS;
    const lastMinute = account.points.filter((one) => one.atMs > now - MINUTE_MS);
    const content = account.contentAtMs.filter((atMs) => atMs > now - HOUR_MS);
    const ofMinute = content.filter((atMs) => atMs > now - MINUTE_MS);
    const { limits } = this;
    const isTooMuch =
      account.inFlight > limits.concurrent ||
      lastMinute.reduce((sum, one) => sum + one.points, 0) + points > limits.pointsPerMinute ||
      (createsContent && ofMinute.length >= limits.contentPerMinute) ||
      (createsContent && content.length >= limits.contentPerHour);
    if (isTooMuch) return refuse('secondary', now + MINUTE_MS);
    account.points.splice(0, account.points.length, ...lastMinute, { atMs: now, points });
    if (createsContent) account.contentAtMs.push(now);
    return undefined;
  }

  leave(who: string, wasUnchanged: boolean): void {
    const account = this.account(who, this.clock.now());
    account.inFlight -= 1;
    // An answer 304 costs nothing of the hour.
    if (wasUnchanged) account.used -= 1;
  }

  view(who: string): {
    readonly limit: number;
    readonly used: number;
    readonly remaining: number;
    readonly reset: number;
  } {
    const account = this.account(who, this.clock.now());
    const limit = this.limits.requestsPerHour;
    return {
      limit,
      used: account.used,
      remaining: Math.max(0, limit - account.used),
      reset: Math.ceil((account.windowStartMs + HOUR_MS) / 1_000),
    };
  }

  private account(who: string, now: number): Account {
    const known = this.accounts.get(who) ?? {
      windowStartMs: now,
      used: 0,
      inFlight: 0,
      refusedUntilMs: 0,
      points: [],
      contentAtMs: [],
    };
    this.accounts.set(who, known);
    if (now >= known.windowStartMs + HOUR_MS) {
      known.windowStartMs = now;
      known.used = 0;
    }
    return known;
  }
}
