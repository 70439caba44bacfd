// When what waits is likely to land.
import { isFinished } from './facts.js';
import type { Head, Path, QueueState } from './types.js';

/** Unresolved heads before each head, by its id. */
export type Ahead = ReadonlyMap<number, readonly Head[]>;

/** What a landing takes after its last check: a push and a look. */
const LANDING_EST_MS = 2_000;

interface FinishTime {
  readonly likelyMs: number;
  readonly highMs: number;
}

/** From now, by head: each ends after those it depends on, and after its own build. */
export function finishTimes(
  state: QueueState,
  ranked: readonly Head[],
  ahead: Ahead,
  nowMs: number,
): ReadonlyMap<number, FinishTime> {
  const times = new Map<number, FinishTime>();
  for (const head of ranked) {
    const before = (ahead.get(head.id) ?? []).flatMap((other) => times.get(other.id) ?? []);
    const likely = Math.max(0, ...before.map((time) => time.likelyMs));
    const high = Math.max(0, ...before.map((time) => time.highMs));
    const path = state.paths.find((one) => one.head === head.id && one.status !== 'cancelling');
    times.set(head.id, {
      likelyMs: afterOwnBuild(path, likely, head.score.estMs, nowMs) + LANDING_EST_MS,
      highMs: afterOwnBuild(path, high, head.score.estMs + head.score.sdMs, nowMs) + LANDING_EST_MS,
    });
  }
  return times;
}

function afterOwnBuild(path: Path | undefined, readyMs: number, estMs: number, nowMs: number): number {
  if (path && isFinished(path)) return readyMs;
  if (path?.status === 'building') return Math.max(readyMs, path.startedAtMs + estMs - nowMs);
  return readyMs + estMs;
}
