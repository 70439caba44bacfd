// Facts derived from the state, never stored.
import type { Entry, EntryId, Head, Lane, LaneMode, Path, QueueState, Touch } from './types.js';

export const findEntry = (state: QueueState, id: EntryId): Entry | undefined =>
  state.entries.find((entry) => entry.id === id);
export const findHead = (state: QueueState, id: number): Head | undefined => state.heads.find((head) => head.id === id);
export const findPath = (state: QueueState, id: string): Path | undefined => state.paths.find((path) => path.id === id);

/** The head an entry is part of, while that head is undecided. */
export const headOf = (state: QueueState, entryId: EntryId): Head | undefined =>
  state.heads.find((head) => isLive(head) && head.members.includes(entryId));

/** A merging head is undecided: its landing can still fail. */
export const isLive = (head: Head): boolean => head.state === 'open' || head.state === 'merging';

export const laneMode = (lane: Lane): LaneMode => {
  if (lane.red) return 'red';
  if (lane.pausedBy.length > 0) return 'paused';
  return lane.draining ? 'draining' : 'open';
};

/** An inspection is due: the entry is new, came back, or its head was pushed. */
export const needsInspection = (entry: Entry): boolean =>
  (entry.state === 'queued' || entry.state === 'active') && entry.inspectedHead !== entry.headSha;

export const membersOf = (state: QueueState, head: Head): readonly Entry[] =>
  head.members.flatMap((id) => findEntry(state, id) ?? []);

/** Something about a member is unknown: the head neither builds, is judged nor lands meanwhile. */
export const isUnsettled = (state: QueueState, head: Head): boolean => membersOf(state, head).some(needsInspection);

export const isFixOfBase = (state: QueueState, head: Head): boolean =>
  membersOf(state, head).some((entry) => entry.fixesBase);

/** Whether work on this head may start or land as the lane stands. While the base is red only its fix may. */
export const isLaneOpenFor = (state: QueueState, head: Head): boolean =>
  state.lane.pausedBy.length === 0 && !state.remoteDue && (!state.lane.red || isFixOfBase(state, head));

/** Symmetric. */
export const conflicts = (a: Touch, b: Touch): boolean => a.barrier || b.barrier;

const headsConflict = (entries: ReadonlyMap<EntryId, Entry>, a: Head, b: Head): boolean => {
  const touches = (head: Head): readonly Touch[] => head.members.flatMap((id) => entries.get(id)?.touch ?? []);
  const [left, right] = [touches(a), touches(b)];
  // A head whose entries ended has no touch data left: it counts as a barrier.
  if (left.length < a.members.length || right.length < b.members.length) return true;
  return left.some((one) => right.some((other) => conflicts(one, other)));
};

const byId = (state: QueueState): ReadonlyMap<EntryId, Entry> =>
  new Map(state.entries.map((entry) => [entry.id, entry]));

/** The author is not asked once more after it. */
export const isLastRound = ({ cfg }: QueueState, round: number): boolean => round >= cfg.rebaseRounds;

/** Less = earlier: one that was asked to rebase as often as may be, then priority, then seq. */
export const seatOf = (state: QueueState, { rounds, priority, seq }: Entry): readonly number[] => [
  isLastRound(state, rounds) ? 0 : 1,
  -priority,
  seq,
];

/** Less = earlier. While the base is red its fix goes first; then merging, seat of the first member, id. */
function rankOf(state: QueueState, head: Head): readonly number[] {
  const first = findEntry(state, head.members[0] ?? '');
  return [
    state.lane.red && isFixOfBase(state, head) ? 0 : 1,
    head.state === 'merging' ? 0 : 1,
    ...(first ? seatOf(state, first) : [1, 0, 0]),
    head.id,
  ];
}

/** Less than 0: `a` is earlier. */
export function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Live heads in the order in which they would land. */
export const rankedHeads = (state: QueueState): readonly Head[] =>
  state.heads
    .filter(isLive)
    .map((head) => ({ head, rank: rankOf(state, head) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ head }) => head);

/** U: live heads before `head` that conflict with it. `ranked` saves sorting again. */
export const unresolved = (state: QueueState, head: Head, ranked = rankedHeads(state)): readonly Head[] => {
  const entries = byId(state);
  return before(head, ranked).filter((other) => headsConflict(entries, other, head));
};

/** Whether more than `limit` are unresolved; stops counting there. */
export const hasUnresolved = (state: QueueState, head: Head, ranked: readonly Head[], limit = 0): boolean => {
  const entries = byId(state);
  let count = 0;
  return before(head, ranked).some((other) => headsConflict(entries, other, head) && ++count > limit);
};

/** U of every live head, by head id, for whoever looks at all of them. */
export const allUnresolved = (state: QueueState, ranked: readonly Head[]): ReadonlyMap<number, readonly Head[]> => {
  const entries = byId(state);
  return new Map(
    ranked.map((head, at) => [head.id, ranked.slice(0, at).filter((other) => headsConflict(entries, other, head))]),
  );
};

const before = (head: Head, ranked: readonly Head[]): readonly Head[] =>
  ranked.slice(
    0,
    Math.max(
      0,
      ranked.findIndex((other) => other.id === head.id),
    ),
  );

/** L: ids of conflicting heads that landed after `head` was formed, ascending. */
export const landedSince = (state: QueueState, head: Head): readonly number[] => {
  const entries = byId(state);
  return state.heads
    .filter((other) => other.state === 'landed' && (other.endGen ?? 0) > head.bornGen)
    .filter((other) => headsConflict(entries, other, head))
    .map((other) => other.id)
    .sort((a, b) => a - b);
};

/** The assumption of a path can no longer come true. */
export function isBroken(state: QueueState, path: Path): boolean {
  const head = findHead(state, path.head);
  if (!head || !isLive(head)) return true;
  const landed = landedSince(state, head);
  if (landed.some((id) => !path.on.includes(id))) return true;
  const possible = [...landed, ...unresolved(state, head).map((other) => other.id)];
  return path.on.some((id) => !possible.includes(id));
}

/** Composed on a base, or of a head, that has changed since: its keys must be read again. */
export const isStale = (state: QueueState, path: Path): boolean => path.epoch < state.epoch;

/** Marks a path stale whatever the epoch. */
export const STALE_EPOCH = -1;

export const isFinished = (path: Path): boolean =>
  path.status === 'passed' || path.status === 'failed' || path.status === 'conflict' || path.status === 'empty';

/** Builds not yet observed closed, a control run included. */
export const usedSlots = (state: QueueState): number =>
  state.paths.filter((path) => path.status === 'building' || path.status === 'cancelling').length +
  (state.control ? 1 : 0);

export const sameIds = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);
