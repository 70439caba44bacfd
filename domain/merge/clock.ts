import { isFinished } from './facts.js';
import { buildsDueAtMs } from './propose.js';
import type { QueueState } from './types.js';

/** When the planner has something to do by time alone, or undefined when only an event can bring work. */
export function nextDueAtMs(state: QueueState): number | undefined {
  if (state.lane.pausedBy.length > 0) return undefined;
  const due = [...buildsDueAtMs(state), ...roundsEndAt(state)];
  return due.length > 0 ? Math.min(...due) : undefined;
}

const roundsEndAt = (state: QueueState): readonly number[] =>
  state.entries.flatMap(({ rebase }) =>
    rebase && rebase.heldSinceMs === undefined ? [rebase.sinceMs + state.timing.rebaseRoundMs] : [],
  );

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
