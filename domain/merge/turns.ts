// Whose turn it is among those that conflict with what has landed. Without an order the k-th of k changes to one file is
// asked k times, and overtaken each time that its author answers.
import { compareRanks, conflicts, isFixOfBase, isLastRound, membersOf, needsInspection, seatOf } from './facts.js';
import type { Entry, Head, QueueState } from './types.js';

/** How long others wait for an author: of a round, so that one who is away holds nobody for all of it. */
const TURN_SHARE = 3;

/** Conflicts with what has landed, and its author is not asked yet. */
export const awaitsTurn = (entry: Entry): boolean => entry.state === 'rebasing' && entry.rebase === undefined;

/** Until when others wait for the author. @returns undefined when nobody does: the author is not asked, or is paused */
export const turnEndsAtMs = (state: QueueState, { rebase }: Entry): number | undefined =>
  rebase && rebase.heldSinceMs === undefined
    ? rebase.sinceMs + Math.floor(state.timing.rebaseRoundMs / TURN_SHARE)
    : undefined;

const isAnswering = (state: QueueState, entry: Entry, nowMs: number): boolean =>
  nowMs < (turnEndsAtMs(state, entry) ?? 0);

/** Those before the entry that change the same files, and will land or leave first. */
export function turnsBefore(state: QueueState, entry: Entry, nowMs: number): readonly Entry[] {
  const files = new Set(entry.contested);
  return state.entries.filter(
    (other) =>
      isBefore(state, other, entry) &&
      (other.contested ?? []).some((file) => files.has(file)) &&
      (other.state !== 'rebasing' || awaitsTurn(other) || isAnswering(state, other, nowMs)),
  );
}

/** The author may be asked. The last time not before what is landing has landed: it would overtake the answer. */
export const hasTurn = (state: QueueState, entry: Entry, nowMs: number): boolean =>
  awaitsTurn(entry) &&
  turnsBefore(state, entry, nowMs).length === 0 &&
  !(isLastRound(state, entry.rounds + 1) && state.heads.some((head) => head.state === 'merging'));

/**
 * Whom the head must let go first though their change is not there yet: an author who is asked for the last time, or one
 * who has answered and whose head is still to be read. What landed meanwhile would send it back, the former for good.
 */
export function waysBefore(state: QueueState, head: Head, nowMs: number): readonly Entry[] {
  if (state.lane.red && isFixOfBase(state, head)) return [];
  const members = membersOf(state, head);
  return state.entries.filter(
    (other) =>
      hasRightOfWay(state, other, nowMs) &&
      members.some((entry) => isBefore(state, other, entry) && conflicts(other.touch, entry.touch)),
  );
}

export const mustGiveWay = (state: QueueState, head: Head, nowMs: number): boolean =>
  waysBefore(state, head, nowMs).length > 0;

const hasRightOfWay = (state: QueueState, entry: Entry, nowMs: number): boolean =>
  entry.state === 'rebasing'
    ? isLastRound(state, entry.rounds) && isAnswering(state, entry, nowMs)
    : entry.rounds > 0 && needsInspection(entry);

const isBefore = (state: QueueState, one: Entry, other: Entry): boolean =>
  one.id !== other.id && compareRanks(seatOf(state, one), seatOf(state, other)) < 0;
