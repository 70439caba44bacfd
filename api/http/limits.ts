import { Buckets, InFlight } from './buckets.js';

/** How much one client may ask of the API. */
export interface RequestLimits {
  /** Of one key; an address may ask four times as much, because people share one. */
  readonly perMinute: number;
  /** Of one address: guesses, and programs that go on with a revoked key. */
  readonly wrongKeysPerMinute: number;
  /** Of one key at once, event streams apart. */
  readonly concurrent: number;
  /** Event streams of one key at once. */
  readonly streams: number;
  /** Event streams of all keys at once. */
  readonly readers: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  perMinute: 6_000,
  wrongKeysPerMinute: 60,
  concurrent: 64,
  streams: 100,
  readers: 1_000,
};

const ADDRESS_SHARE = 4;

/** The counters behind the limits, one set for a process. */
export class RequestMeter {
  private readonly keys: Buckets;
  private readonly addresses: Buckets;
  private readonly wrongKeys: Buckets;
  private readonly running: InFlight;
  private readonly streams: InFlight;

  constructor(limits: RequestLimits, nowMs?: () => number) {
    const { perMinute, wrongKeysPerMinute } = limits;
    // A tenth of a minute's worth at once: a page of a dashboard, or a script that lists everything.
    const burst = Math.max(1, Math.ceil(perMinute / 10));
    this.keys = new Buckets({ perMinute, burst }, nowMs);
    this.addresses = new Buckets({ perMinute: perMinute * ADDRESS_SHARE, burst: burst * ADDRESS_SHARE }, nowMs);
    this.wrongKeys = new Buckets({ perMinute: wrongKeysPerMinute, burst: wrongKeysPerMinute }, nowMs);
    this.running = new InFlight(limits.concurrent);
    this.streams = new InFlight(limits.streams);
  }

  /** Before anything else is looked at. @throws RateLimited */
  fromAddress(ip: string): void {
    this.addresses.take(ip, 'from this address');
  }

  /** A right key from the same address is served all the same. @throws RateLimited */
  wrongKey(ip: string): void {
    this.wrongKeys.take(ip, 'with wrong keys from this address');
  }

  /** Answers what to call when the request is over. @throws RateLimited */
  ofKey(keyId: string, isStream: boolean): () => void {
    this.keys.take(keyId, 'with this key');
    const inFlight = isStream ? this.streams : this.running;
    inFlight.enter(keyId, 'with this key');
    return () => inFlight.leave(keyId);
  }
}
