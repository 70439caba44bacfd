/** Waits of a task's own. */
export interface TaskWaits {
  /** A run that has said nothing for so long is asked after: longer than an agent may be silent (7 minutes). */
  readonly silentRunMs: number;
  /** An ask for a slot that found nobody (a factory that is not up yet) is made again. */
  readonly absentOwnerMs: number;
  /** A red lane, or a full queue, that nobody reports as open is looked at again: as often as the queue's control run. */
  readonly laneRetryMs: number;
  /** Wait before verification attempt 2, 3, …; the last value goes on. */
  readonly verifyBackoffMs: readonly number[];
}

const NORMAL: TaskWaits = {
  silentRunMs: 600_000,
  absentOwnerMs: 15_000,
  laneRetryMs: 600_000,
  verifyBackoffMs: [30_000, 120_000],
};
/** Demo, tests and chaos. */
const BRISK: TaskWaits = {
  silentRunMs: 30_000,
  absentOwnerMs: 2_000,
  laneRetryMs: 5_000,
  verifyBackoffMs: [1_000, 2_000],
};

export const taskWaits = (tuning: 'normal' | 'brisk', overrides: Partial<TaskWaits> = {}): TaskWaits => ({
  ...(tuning === 'brisk' ? BRISK : NORMAL),
  ...overrides,
});
