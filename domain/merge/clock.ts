import { isFinished } from './facts.js';
import { buildsDueAtMs } from './propose.js';
import { turnEndsAtMs } from './turns.js';
import type { QueueState } from './types.js';

/** When the planner has something to do by time alone, or undefined when only an event can bring work. */
export function nextDueAtMs(state: QueueState, nowMs: number): number | undefined {
  if (state.lane.pausedBy.length > 0) return undefined;
  const due = [...buildsDueAtMs(state, nowMs), ...roundsEndAt(state), ...turnsEndAt(state, nowMs)];
  return due.length > 0 ? Math.min(...due) : undefined;
}

const roundsEndAt = (state: QueueState): readonly number[] =>
  state.entries.flatMap(({ rebase }) =>
    rebase && rebase.heldSinceMs === undefined ? [rebase.sinceMs + state.timing.rebaseRoundMs] : [],
  );

/** Then others wait for the author no longer. */
const turnsEndAt = (state: QueueState, nowMs: number): readonly number[] =>
  state.entries.length === 1
    ? []
    : state.entries.flatMap((entry) => turnEndsAtMs(state, entry) ?? []).filter((at) => at > nowMs);

/** Nothing lives, nothing is owed, and the lane is open: the queue may end. A held lane must be remembered. */
export const isIdle = (state: QueueState): boolean =>
  state.entries.length === 0 &&
  state.paths.every(isFinished) &&
  !state.landing &&
  !state.control &&
  !state.lane.red &&
  !state.lane.draining &&
  state.lane.pausedBy.length === 0 &&
  isTold(state);

/** Everything that others must know has been handed over. */
export const isTold = (state: QueueState): boolean =>
  state.notices.length === 0 &&
  state.transitions.length === 0 &&
  state.unrecorded.length === 0 &&
  state.marks.length === 0;
