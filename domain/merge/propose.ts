import {
  findHead,
  hasUnresolved,
  isBroken,
  isFinished,
  isLaneOpenFor,
  isStale,
  isUnsettled,
  landedSince,
  membersOf,
  rankedHeads,
  sameIds,
  usedSlots,
} from './facts.js';
import { mustGiveWay } from './turns.js';
import type { EntryId, Head, QueueState } from './types.js';

/** What the planner wants; the legality filter has the last word. */
export interface Proposal {
  readonly form: readonly (readonly EntryId[])[];
  readonly start: readonly { readonly head: number; readonly on: readonly number[] }[];
  /** Paths whose next infrastructure attempt is due. */
  readonly retry: readonly string[];
  readonly cancel: readonly string[];
  /** Paths to be composed on the present tip, their keys looked up. */
  readonly revalidate: readonly string[];
  readonly land?: number;
  readonly control: boolean;
}

/** Inspected entries become heads of one, in seq order: a head appears together with its entries turning active. */
export const proposeHeads = (state: QueueState): readonly (readonly EntryId[])[] =>
  state.entries
    .filter((entry) => entry.state === 'queued' && entry.inspectedHead === entry.headSha)
    .map((entry) => [entry.id]);

/** Live paths whose assumption cannot come true, or whose head is decided. */
export const proposeCancels = (state: QueueState): readonly string[] =>
  state.paths
    .filter((path) => path.status === 'building' || path.status === 'retrying')
    .filter((path) => path.obsolete || isBroken(state, path))
    .map((path) => path.id);

export const proposeRevalidations = (state: QueueState): readonly string[] =>
  state.paths
    .filter(
      (path) => (path.status === 'building' || isFinished(path)) && isStale(state, path) && !isBroken(state, path),
    )
    .filter((path) => {
      const head = findHead(state, path.head);
      return head !== undefined && head.state === 'open' && !isUnsettled(state, head) && !path.obsolete;
    })
    .map((path) => path.id);

/** The first merging head by rank, when no landing runs and the lane lets it. */
export const proposeLanding = (state: QueueState): number | undefined =>
  state.landing
    ? undefined
    : rankedHeads(state).find(
        (head) => head.state === 'merging' && isLaneOpenFor(state, head) && !isUnsettled(state, head),
      )?.id;

/** Walks the path stream and spends the free slots. `freed` = slots that proposed cancels will not free yet: none. */
export function proposeBuilds(state: QueueState, nowMs: number): Pick<Proposal, 'start' | 'retry' | 'control'> {
  let free = state.cfg.budget - usedSlots(state);
  const start: { head: number; on: readonly number[] }[] = [];
  const retry: string[] = [];
  for (const wanted of pathStream(state, nowMs)) {
    if (free <= 0) break;
    const known = state.paths.find(
      (path) => path.head === wanted.head && sameIds(path.on, wanted.on) && path.status !== 'cancelling',
    );
    if (known && (known.status !== 'retrying' || nowMs < (known.retryAtMs ?? 0))) continue;
    if (known) retry.push(known.id);
    else start.push(wanted);
    free--;
  }
  return { start, retry, control: free > 0 && isControlDue(state, nowMs) };
}

/** Each open head's cheapest path, by rank: what landed is in, and with no lookahead nothing may be unresolved. */
function* pathStream(
  state: QueueState,
  nowMs: number,
): Generator<{ readonly head: number; readonly on: readonly number[] }> {
  const ranked = rankedHeads(state);
  for (const head of ranked)
    if (mayBuild(state, head, ranked, nowMs)) yield { head: head.id, on: landedSince(state, head) };
}

const mayBuild = (state: QueueState, head: Head, ranked: readonly Head[], nowMs: number): boolean =>
  head.state === 'open' &&
  isLaneOpenFor(state, head) &&
  !isUnsettled(state, head) &&
  membersOf(state, head).length > 0 &&
  !hasUnresolved(state, head, ranked, state.cfg.lookahead) &&
  !mustGiveWay(state, head, nowMs);

/** A red base is looked at again from time to time, and whenever it moves. */
const awaitsControl = (state: QueueState): boolean =>
  state.lane.red !== undefined &&
  state.lane.pausedBy.length === 0 &&
  !state.remoteDue &&
  !state.control &&
  !state.landing;

const isControlDue = (state: QueueState, nowMs: number): boolean =>
  awaitsControl(state) && nowMs >= (state.lane.red?.nextControlAtMs ?? nowMs);

/** When time alone lets a build start. While no slot is free, or a head may not build, an event comes first. */
export function buildsDueAtMs(state: QueueState, nowMs: number): readonly number[] {
  if (usedSlots(state) >= state.cfg.budget) return [];
  const ranked = rankedHeads(state);
  const buildable = ranked.filter((head) => mayBuild(state, head, ranked, nowMs)).map((head) => head.id);
  const retries = state.paths.flatMap((path) =>
    path.status === 'retrying' && buildable.includes(path.head) ? [path.retryAtMs ?? 0] : [],
  );
  return awaitsControl(state) && state.lane.red ? [...retries, state.lane.red.nextControlAtMs] : retries;
}
