import { isFinished } from './facts.js';
import type { QueueState } from './types.js';

/** When the planner has something to do by time alone, or undefined when only an event can bring work. */
export function nextDueAtMs(state: QueueState): number | undefined {
  const paused = state.lane.pausedBy.length > 0;
  const due = [
    ...(paused ? [] : retriesAt(state)),
    ...(paused ? [] : roundsEndAt(state)),
    ...(state.lane.red && !state.control && !paused ? [state.lane.red.nextControlAtMs] : []),
  ];
  return due.length > 0 ? Math.min(...due) : undefined;
}

const retriesAt = (state: QueueState): readonly number[] =>
  state.paths.flatMap((path) => (path.status === 'retrying' ? [path.retryAtMs ?? 0] : []));

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
