import { Failure } from '../../domain/failures.js';

export interface BucketRate {
  /** What comes back, and what a full bucket holds. */
  readonly perMinute: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** An address is cheap to change: past so many the oldest are forgotten, which gives them a full bucket again. */
const MAX_BUCKETS = 10_000;

/** Token buckets by name, in the memory of this process: each process of several allows as much. */
export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly rate: BucketRate,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Takes one. @throws RateLimited, with the time until the next one */
  take(name: string, what: string): void {
    const bucket = this.fill(name);
    if (bucket.tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - bucket.tokens) * 60_000) / this.rate.perMinute);
      throw new Failure('RateLimited', `Too many requests ${what}: wait as Retry-After says.`, {}, { retryAfterMs });
    }
    bucket.tokens -= 1;
  }

  private fill(name: string): Bucket {
    const { perMinute, burst } = this.rate;
    const nowMs = this.nowMs();
    const known = this.buckets.get(name);
    // Set anew each time, so that the map is in order of last use.
    this.buckets.delete(name);
    const bucket = known ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perMinute) / 60_000);
    bucket.atMs = nowMs;
    this.buckets.set(name, bucket);
    const [oldest] = this.buckets.keys();
    if (this.buckets.size > MAX_BUCKETS && oldest !== undefined) this.buckets.delete(oldest);
    return bucket;
  }
}

/** Requests in progress by name. */
export class InFlight {
  private readonly counts = new Map<string, number>();

  constructor(private readonly max: number) {}

  /** @throws RateLimited when as many are in progress already */
  enter(name: string, what: string): void {
    const count = this.counts.get(name) ?? 0;
    if (count >= this.max) {
      throw new Failure('RateLimited', `Too many requests at once ${what}.`, {}, { retryAfterMs: 1_000 });
    }
    this.counts.set(name, count + 1);
  }

  leave(name: string): void {
    const count = (this.counts.get(name) ?? 1) - 1;
    if (count > 0) this.counts.set(name, count);
    else this.counts.delete(name);
  }
}
