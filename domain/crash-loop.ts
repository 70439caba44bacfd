/** Three crashes in a row within a minute are a loop: no restart until somebody clears it. */
export const CRASH_LOOP = { crashes: 3, windowMs: 60_000 } as const;

export interface Crash {
  readonly atMs: number;
  /** The task or epic that the agent worked on. */
  readonly work: string;
}

/**
 * Whether it is the agent that is broken. Where all crashes are of one piece of work, that work may be what cannot be
 * done, and its own limit of attempts ends it.
 * @param crashes since its last success
 */
export const isCrashLoop = (crashes: readonly Crash[], nowMs: number): boolean => {
  const recent = crashes.filter(({ atMs }) => nowMs - atMs < CRASH_LOOP.windowMs);
  return recent.length >= CRASH_LOOP.crashes && new Set(recent.map(({ work }) => work)).size > 1;
};
