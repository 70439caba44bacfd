/** Waits of an epic's own clock, in milliseconds. */
export interface EpicTiming {
  /** A child that has said nothing for so long is asked after, and the factory is asked again. */
  readonly silentMs: number;
  /** First wait before something that failed is tried again; doubled each time. */
  readonly retryMs: number;
}

const NORMAL: EpicTiming = { silentMs: 300_000, retryMs: 15_000 };
const BRISK: EpicTiming = { silentMs: 15_000, retryMs: 1_000 };
const LONGEST_RETRY_MS = 30 * 60_000;

export const epicTiming = (tuning: 'normal' | 'brisk', over: Partial<EpicTiming> = {}): EpicTiming => ({
  ...(tuning === 'brisk' ? BRISK : NORMAL),
  ...over,
});

/** @param tries that failed so far, ≥ 1 */
export const backoffMs = (timing: EpicTiming, tries: number): number =>
  Math.min(LONGEST_RETRY_MS, timing.retryMs * 2 ** Math.min(tries - 1, 20));
