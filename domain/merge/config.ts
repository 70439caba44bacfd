import type { QueueConfig, QueueTiming, Score, Touch } from './types.js';

/** Policy `sequential`: the whole protocol with the search switched off. */
export const SEQUENTIAL: QueueConfig = {
  policy: 'sequential',
  budget: 1,
  lookahead: 0,
  landing: 'strict',
  analyser: 'all',
  strategy: 'merge',
  attempts: 3,
  rebaseRounds: 3,
  maxEntries: 500,
};

export const QUEUE_TIMING: QueueTiming = {
  tickMs: 5 * 60_000,
  idleExitMs: 10 * 60_000,
  rebaseRoundMs: 30 * 60_000,
  controlEveryMs: 10 * 60_000,
  infraBackoffMs: [30_000, 120_000, 300_000],
  silentMs: 5 * 60_000,
};

/** For the demo, tests and chaos: the same clock, minutes as seconds. Authors keep their time. */
export const BRISK_QUEUE_TIMING: QueueTiming = {
  ...QUEUE_TIMING,
  tickMs: 5_000,
  controlEveryMs: 10_000,
  infraBackoffMs: [500, 2_000, 5_000],
  silentMs: 10_000,
};

/** Analyser `all`: every entry is a barrier, so every pair conflicts. */
export const TOUCHES_ALL: Touch = { groups: '', barrier: true, tableRev: 0 };

/** Used when no scorer answered, and in place of a score that is no safe integer in range: 95 % lands. */
export const DEFAULT_SCORE: Score = {
  costIn: 51_293,
  costOut: 2_995_732,
  okPpm: 950_000,
  estMs: 5 * 60_000,
  sdMs: 2 * 60_000,
};

const MAX_COST = 30_000_000;
const isCost = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= MAX_COST;

/** A score that cannot be added and compared exactly is replaced, whole. */
export const soundScore = (score: Score): Score =>
  isCost(score.costIn) && isCost(score.costOut) && Number.isSafeInteger(score.estMs) && score.estMs >= 0
    ? score
    : DEFAULT_SCORE;
