import { endEntry, endHead, withHead, withoutPath } from './change.js';
import { endContained } from './contained.js';
import {
  findHead,
  hasUnresolved,
  isBroken,
  isFinished,
  isLaneOpenFor,
  isLive,
  isStale,
  isUnsettled,
  landedSince,
  rankedHeads,
  sameIds,
} from './facts.js';
import { askForRebase } from './rebase.js';
import { mustGiveWay } from './turns.js';
import type { BuildResult, Head, Path, QueueState, Reason } from './types.js';

/** Gives every verdict that the finished paths allow, until none changes. Scores play no part here. */
export function finalise(state: QueueState, nowMs: number): QueueState {
  let current = stepBack(state);
  for (let gen = -1; gen !== current.gen; ) {
    gen = current.gen;
    for (const { id } of rankedHeads(current)) {
      const head = findHead(current, id);
      if (head?.state === 'open') current = judge(current, head, nowMs);
    }
  }
  return current;
}

/** While the base is red nothing but its fix may merge; a head that already waited for its landing is judged anew. */
function stepBack(state: QueueState): QueueState {
  if (!state.lane.red) return state;
  return state.heads
    .filter((head) => head.state === 'merging' && state.landing?.head !== head.id && !isLaneOpenFor(state, head))
    .reduce((next, head) => withHead(next, head.id, { state: 'open' }), state);
}

function judge(state: QueueState, head: Head, nowMs: number): QueueState {
  if (!state.paths.some((path) => path.head === head.id && isFinished(path))) return state;
  if (isUnsettled(state, head) || hasUnresolved(state, head, rankedHeads(state))) return state;
  if (mustGiveWay(state, head, nowMs)) return state;
  // Every dependency is decided: the path on exactly those that landed is the truth about this head.
  const landed = landedSince(state, head);
  const path = state.paths.find(
    (one) => one.head === head.id && isFinished(one) && sameIds(one.on, landed) && !isBroken(state, one),
  );
  if (!path || isStale(state, path)) return state;
  return applyVerdict(state, head, path, nowMs);
}

function applyVerdict(state: QueueState, head: Head, path: Path, nowMs: number): QueueState {
  switch (path.status) {
    case 'passed':
      return state.lane.red && !isLaneOpenFor(state, head) ? state : withHead(state, head.id, { state: 'merging' });
    case 'empty':
      return endContained(state, head, nowMs);
    case 'conflict':
      return head.members.reduce(
        (next, entryId) =>
          askForRebase(next, { entryId, tip: state.tip, files: path.result?.conflict?.files ?? [] }, nowMs),
        withoutPath(state, path.id),
      );
    case 'failed':
      return path.result?.cause === 'inherited' && !claimsToFix(state, head)
        ? withoutPath(state, path.id)
        : leave(state, head, path, nowMs);
    default:
      return state;
  }
}

/** A confirmed red about the very tree that would land. */
function leave(state: QueueState, head: Head, path: Path, nowMs: number): QueueState {
  const reason: Reason = path.result?.cause === 'timeout' ? 'CHECK_TIMEOUT' : 'CHECKS_FAILED';
  const detail = { ...detailOf(path.result), ...(path.candidate ? { tree: path.candidate.tree } : {}) };
  return head.members.reduce(
    (next, id) => endEntry(next, id, { as: 'ejected', reason, detail }, nowMs),
    endHead(state, head.id, 'left'),
  );
}

/** What was marked as the base's fix and leaves the base red is no fix; building it again would tell nothing new. */
const claimsToFix = (state: QueueState, head: Head): boolean =>
  state.lane.red !== undefined && isLaneOpenFor(state, head);

const detailOf = (result: BuildResult | undefined) => ({
  evidence: result?.evidence ?? [],
  failedChecks: result?.failedChecks ?? [],
});

/** Terminal heads that no live head can still depend on, and the paths of heads that are gone. */
export function prune(state: QueueState): QueueState {
  const live = state.heads.filter(isLive);
  const heads = state.heads.filter((head) => isLive(head) || live.some((other) => other.bornGen < (head.endGen ?? 0)));
  const kept = (path: Path): boolean =>
    path.status === 'building' || path.status === 'cancelling' || live.some((head) => head.id === path.head);
  return { ...state, heads, paths: state.paths.filter(kept) };
}
