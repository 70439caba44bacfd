export interface QueueConfig {
  readonly policy: 'sequential';
  /** Builds in flight, those being cancelled included. */
  readonly budget: number;
  /** Unresolved dependencies that a funded path may have. */
  readonly lookahead: number;
  readonly landing: 'strict';
  readonly analyser: 'all';
  readonly strategy: 'merge';
  /** Infrastructure attempts before a control run decides. */
  readonly attempts: number;
  readonly rebaseRounds: number;
  readonly maxEntries: number;
  readonly holdLabel?: string;
}

/** Durations of the queue's own clock; tests shorten them. */
export interface QueueTiming {
  /** Idle look at the remote and at silent builds. */
  readonly tickMs: number;
  readonly idleExitMs: number;
  readonly rebaseRoundMs: number;
  readonly controlEveryMs: number;
  /** Wait before infrastructure attempt 2, 3, 4; the last value goes on for ever. */
  readonly infraBackoffMs: readonly number[];
  /** A build older than this is asked after at the next tick. */
  readonly silentMs: number;
}
