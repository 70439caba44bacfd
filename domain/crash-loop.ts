/** Three crashes of one agent within a minute are a loop: no restart until somebody clears it. */
export const CRASH_LOOP = { crashes: 3, windowMs: 60_000 } as const;

export const isCrashLoop = (crashedAtMs: readonly number[], nowMs: number): boolean =>
  crashedAtMs.filter((atMs) => nowMs - atMs < CRASH_LOOP.windowMs).length >= CRASH_LOOP.crashes;
