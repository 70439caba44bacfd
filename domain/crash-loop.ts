/** Three crashes of one agent within a minute are a loop: no restart until somebody clears it. */
export const CRASH_LOOP = { crashes: 3, windowMs: 60_000 } as const;

export interface Crash {
  readonly agentId: string;
  readonly runId: string;
  readonly atMs: number;
}

/** Adds a crash and forgets those that can no longer matter. A run crashes once, however often it is told. */
export function withCrash(crashes: readonly Crash[], crash: Crash): readonly Crash[] {
  const recent = crashes.filter(({ atMs }) => crash.atMs - atMs < CRASH_LOOP.windowMs);
  return recent.some(({ runId }) => runId === crash.runId) ? recent : [...recent, crash];
}

export const isCrashLoop = (crashes: readonly Crash[], agentId: string, nowMs: number): boolean =>
  crashes.filter((crash) => crash.agentId === agentId && nowMs - crash.atMs < CRASH_LOOP.windowMs).length >=
  CRASH_LOOP.crashes;
