import { notify, withLane } from './change.js';
import { laneMode } from './facts.js';
import { extendRounds } from './rebase.js';
import type { BuildResult, FailedCheck, Lane, LanePausedBy, QueueState, Sha } from './types.js';

const ORDER: readonly LanePausedBy[] = ['person', 'factory', 'incident'];
const MAX_WAITERS = 200;

export interface LaneWord {
  readonly by: string;
  readonly reason: string;
}

/** Builds end, nothing starts or lands. People hear of an incident by mail. */
export function pauseLane(state: QueueState, holder: LanePausedBy, word: LaneWord, nowMs: number): QueueState {
  const { lane } = state;
  if (lane.pausedBy.includes(holder)) return state;
  const paused = withLane(
    state,
    {
      ...lane,
      // It says nothing about this lane, and may be over long before what holds it besides.
      ...(holder === 'factory' && lane.pausedBy.length > 0 ? {} : word),
      sinceMs: lane.pausedBy.length > 0 ? lane.sinceMs : nowMs,
      pausedBy: ORDER.filter((one) => one === holder || lane.pausedBy.includes(one)),
    },
    nowMs,
  );
  return holder === 'incident' ? notify(paused, { kind: 'incident', reason: word.reason }) : paused;
}

/** Lets go of these holders. Authors get back the time that the last one took. */
export function unpauseLane(
  state: QueueState,
  holders: readonly LanePausedBy[],
  word: LaneWord,
  nowMs: number,
): QueueState {
  const left = state.lane.pausedBy.filter((one) => !holders.includes(one));
  if (left.length === state.lane.pausedBy.length) return state;
  if (left.length > 0) return withLane(state, { ...state.lane, pausedBy: left }, nowMs);
  const opened = withLane(state, { ...state.lane, ...word, pausedBy: [], sinceMs: nowMs }, nowMs);
  return extendRounds(opened, nowMs - state.lane.sinceMs);
}

/** No new entries. */
export const drainLane = (state: QueueState, word: LaneWord, nowMs: number): QueueState =>
  withLane(state, { ...state.lane, ...word, draining: true, sinceMs: nowMs }, nowMs);

/** By a person: ends their pause, a drain and the pause of an incident. The factory's pause and a red base stay. */
export function openLane(state: QueueState, word: LaneWord, nowMs: number): QueueState {
  const undrained = state.lane.draining
    ? withLane(state, { ...state.lane, ...word, draining: false, sinceMs: nowMs }, nowMs)
    : state;
  return unpauseLane(undrained, ['person', 'incident'], word, nowMs);
}

export interface RedBase {
  readonly tip: Sha;
  readonly reason: string;
  readonly checks: readonly FailedCheck[];
  /** Workflow that waits for the lane. */
  readonly from?: string;
}

/** A control run was red on the tip: nobody's change is to blame. A report about another tip is out of date. */
export function markRed(state: QueueState, red: RedBase, nowMs: number): QueueState {
  if (red.tip !== state.tip) {
    const told = { mode: laneMode(state.lane), reason: 'the base has moved since' };
    return red.from ? notify(state, { kind: 'lane', to: red.from, ...told }) : state;
  }
  const waiting = red.from && !state.waiters.includes(red.from) ? [red.from] : [];
  const waited = { ...state, waiters: [...state.waiters, ...waiting].slice(-MAX_WAITERS) };
  const lane: Lane = {
    ...state.lane,
    red: {
      reason: red.reason,
      tip: red.tip,
      checks: red.checks,
      sinceMs: state.lane.red?.sinceMs ?? nowMs,
      nextControlAtMs: nowMs + state.timing.controlEveryMs,
    },
  };
  const marked = withLane(waited, lane, nowMs);
  return state.lane.red ? marked : notify(marked, { kind: 'incident', reason: red.reason, isRedBase: true });
}

/** Outcome of the checks on the tip itself while the base is red. */
export function controlReported(state: QueueState, result: BuildResult | undefined, nowMs: number): QueueState {
  const { control, ...rest } = state;
  if (!control) return state;
  const { red } = state.lane;
  if (!red) return rest;
  if (result?.cause === 'none' && control.tip === state.tip) {
    const { red: _green, ...lane } = rest.lane;
    return withLane(rest, { ...lane, by: 'system', reason: 'the base is green again', sinceMs: nowMs }, nowMs);
  }
  const checks = result?.failedChecks.length ? result.failedChecks : red.checks;
  // A verdict about another commit says nothing: look at the new one at once.
  const nextControlAtMs = control.tip === state.tip ? nowMs + state.timing.controlEveryMs : nowMs;
  return { ...rest, gen: state.gen + 1, lane: { ...state.lane, red: { ...red, checks, nextControlAtMs } } };
}

/** The base moved: what was red may be green. */
export const controlAtOnce = (state: QueueState, nowMs: number): QueueState =>
  state.lane.red
    ? { ...state, lane: { ...state.lane, red: { ...state.lane.red, tip: state.tip, nextControlAtMs: nowMs } } }
    : state;
