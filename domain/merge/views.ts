import { type Ahead, finishTimes } from './eta.js';
import {
  allUnresolved,
  findEntry,
  headOf,
  isFinished,
  isLaneOpenFor,
  laneMode,
  needsInspection,
  rankedHeads,
  usedSlots,
} from './facts.js';
import { whyText } from './texts.js';
import { awaitsTurn, turnsBefore, waysBefore } from './turns.js';
import type { Entry, EntryId, Head, Path, QueueState } from './types.js';
import type { EntryStatus, EntryView, QueueView, Why, WhyView } from './view-model.js';

const SHOWN_ENDED = 20;
/** More would make the view of a full queue too large for one answer. */
const NAMED_AHEAD = 10;

export function queueView(state: QueueState, nowMs: number): QueueView {
  const { pausedBy, draining, by, reason, sinceMs, red } = state.lane;
  return {
    queueId: state.queueId,
    tip: state.tip,
    lane: {
      mode: laneMode(state.lane),
      pausedBy,
      draining,
      by,
      reason: red?.reason ?? reason,
      sinceMs: red?.sinceMs ?? sinceMs,
    },
    slots: { used: usedSlots(state), budget: state.cfg.budget },
    entries: entryViews(state, nowMs),
    ended: state.ended
      .slice(-SHOWN_ENDED)
      .reverse()
      .map(({ id, headSha: _head, ...ended }) => ({ entryId: id, ...ended })),
  };
}

export function whyView(state: QueueState, entryId: EntryId, nowMs: number): WhyView | undefined {
  const entry = entryViews(state, nowMs).find((view) => view.entryId === entryId);
  if (!entry) return undefined;
  const head = headOf(state, entryId);
  const prOf = (id: EntryId): string => `#${findEntry(state, id)?.prNumber ?? '?'}`;
  return {
    entry,
    text: whyText(entry.why, prOf),
    builds: state.paths
      .filter((path) => path.head === head?.id)
      .map((path) => ({
        pathId: path.id,
        attempt: path.attempt,
        status: path.status,
        on: path.on.flatMap((id) => prNumbersOf(state, id)),
      })),
  };
}

const prNumbersOf = (state: QueueState, headId: number): readonly number[] =>
  (state.heads.find((head) => head.id === headId)?.members ?? []).flatMap(
    (id) => findEntry(state, id)?.prNumber ?? state.ended.find((ended) => ended.id === id)?.prNumber ?? [],
  );

/**
 * Live entries in the order in which they would land now: heads by rank, then those without a head by seq.
 * @param limit how many are wanted; the rest is not computed
 */
export function entryViews(state: QueueState, nowMs: number, limit = state.entries.length): readonly EntryView[] {
  const ranked = rankedHeads(state).slice(0, limit);
  const ahead = allUnresolved(state, ranked);
  const times = finishTimes(state, ranked, ahead, nowMs);
  const heads = new Map(ranked.flatMap((head) => head.members.map((id) => [id, head] as const)));
  const headed = [...heads.keys()].flatMap((id) => findEntry(state, id) ?? []);
  const rest = state.entries.filter((entry) => entry.state !== 'active').sort((a, b) => a.seq - b.seq);
  return [...headed, ...rest].slice(0, limit).map((entry, at) => {
    const head = heads.get(entry.id);
    const why = whyOf(state, { entry, head, ahead, nowMs });
    const eta = head && hasEta(state, entry, head) ? times.get(head.id) : undefined;
    return {
      entryId: entry.id,
      prNumber: entry.prNumber,
      title: entry.title,
      state: entry.state,
      position: at + 1,
      priority: entry.priority,
      fixesBase: entry.fixesBase,
      status: STATUS[why.kind],
      why,
      etaMs: eta?.likelyMs ?? null,
      etaHighMs: eta?.highMs ?? null,
      ...(entry.taskId ? { taskId: entry.taskId } : {}),
      ...(entry.epicId ? { epicId: entry.epicId } : {}),
    };
  });
}

const STATUS: Record<Why['kind'], EntryStatus> = {
  INSPECTION: 'inspecting',
  STALE: 'inspecting',
  AHEAD: 'waiting',
  NO_SLOT: 'waiting',
  BUILDING: 'building',
  SUSPECT: 'suspect',
  FAILING_BEHIND: 'suspect',
  REBASING: 'rebasing',
  TURN: 'rebasing',
  LANE: 'held',
  INFRA: 'retrying',
  PASSED: 'passed-waiting',
  LANDING: 'landing',
};

const hasEta = (state: QueueState, entry: Entry, head: Head): boolean =>
  isLaneOpenFor(state, head) && !needsInspection(entry);

interface Asked {
  readonly entry: Entry;
  readonly head: Head | undefined;
  readonly ahead: Ahead;
  readonly nowMs: number;
}

/** Exactly one reason, the most pressing first. */
function whyOf(state: QueueState, { entry, head, ahead, nowMs }: Asked): Why {
  if (entry.rebase) return { kind: 'REBASING', round: entry.rebase.round, files: entry.rebase.files };
  if (head && state.landing?.head === head.id && state.landing.stage === 'pushing') return { kind: 'LANDING' };
  const { by, reason, sinceMs, red } = state.lane;
  if (state.lane.pausedBy.length > 0 || (red && !entry.fixesBase))
    return {
      kind: 'LANE',
      mode: laneMode(state.lane),
      by,
      reason: red?.reason ?? reason,
      sinceMs: red?.sinceMs ?? sinceMs,
    };
  if (awaitsTurn(entry)) {
    const first = turnsBefore(state, entry, nowMs).map(({ id }) => id);
    return { kind: 'TURN', files: entry.contested ?? [], entries: first.slice(0, NAMED_AHEAD), count: first.length };
  }
  if (!head || needsInspection(entry))
    return entry.inspectedHead ? { kind: 'STALE', sha: entry.headSha } : { kind: 'INSPECTION' };
  if (state.landing?.head === head.id) return { kind: 'LANDING' };
  if (head.state === 'merging') return { kind: 'PASSED' };
  return whyOpen(state, { head, ahead, nowMs });
}

function whyOpen(
  state: QueueState,
  { head, ahead: all, nowMs }: Pick<Asked, 'ahead' | 'nowMs'> & { readonly head: Head },
): Why {
  const path = state.paths.find((one) => one.head === head.id && one.status !== 'cancelling');
  const heads = (all.get(head.id) ?? []).flatMap((other) => other.members);
  const ahead = [...new Set([...waysBefore(state, head, nowMs).map(({ id }) => id), ...heads])];
  const named = ahead.slice(0, NAMED_AHEAD);
  if (path?.suspect) return { kind: 'SUSPECT', tests: path.suspectTests };
  if (path?.status === 'retrying')
    return { kind: 'INFRA', attempt: path.attempt, error: path.result?.error ?? 'the build was interrupted' };
  if (path && isFailure(path) && ahead.length > 0)
    return { kind: 'FAILING_BEHIND', entries: named, tests: path.result?.failedTests ?? [] };
  if (path?.status === 'building') return { kind: 'BUILDING', buildId: path.id, sinceMs: path.startedAtMs };
  if (ahead.length > 0) return { kind: 'AHEAD', entries: named, count: ahead.length };
  if (path && isFinished(path)) return { kind: 'PASSED' };
  return { kind: 'NO_SLOT', used: usedSlots(state), budget: state.cfg.budget };
}

const isFailure = (path: Path): boolean => path.status === 'failed';
