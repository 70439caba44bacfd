import { moveEntry, withoutPath, withPath } from './change.js';
import { findPath, membersOf } from './facts.js';
import { finalise, prune } from './finalise.js';
import { filterLegal } from './legality.js';
import {
  type Proposal,
  proposeBuilds,
  proposeCancels,
  proposeHeads,
  proposeLanding,
  proposeRevalidations,
} from './propose.js';
import { expireRebases, giveTurns } from './rebase.js';
import type { EntryId, Path, QueueState } from './types.js';

/** What is to be done now. The state already says that it is under way. */
export interface Plan {
  readonly state: QueueState;
  readonly start: readonly Path[];
  readonly startControl: boolean;
  readonly cancel: readonly Path[];
  readonly revalidate: readonly Path[];
  /** Head whose landing begins. */
  readonly land?: number;
  readonly refusals: readonly string[];
}

/** Pure: the same state and time give the same plan, byte for byte. */
export function plan(before: QueueState, nowMs: number): Plan {
  let state = expireRebases(before, nowMs);
  const formed = filterLegal(state, { ...NOTHING, form: proposeHeads(state) });
  for (const members of formed.proposal.form) state = formHead(state, members, nowMs);
  state = giveTurns(prune(finalise(state, nowMs)), nowMs);

  const cancelled = filterLegal(state, { ...NOTHING, cancel: proposeCancels(state) });
  const cancel = cancelled.proposal.cancel.flatMap((id) => findPath(state, id) ?? []);
  for (const path of cancel) state = cancelPath(state, path);

  const land = proposeLanding(state);
  const builds = filterLegal(state, {
    ...NOTHING,
    ...proposeBuilds(state, nowMs),
    revalidate: proposeRevalidations(state),
    ...(land === undefined ? {} : { land }),
  });
  const { proposal } = builds;
  const revalidate = proposal.revalidate.flatMap((id) => findPath(state, id) ?? []);
  const started: string[] = [];
  for (const wanted of proposal.start) {
    const id = `${state.runTag}-${wanted.head}-${state.next.path}`;
    state = startPath(state, id, wanted, nowMs);
    started.push(id);
  }
  for (const id of proposal.retry) {
    state = retryPath(state, id, nowMs);
    started.push(id);
  }
  if (proposal.control) state = startControl(state, nowMs);
  if (proposal.land !== undefined)
    state = { ...state, gen: state.gen + 1, landing: { head: proposal.land, stage: 'preparing' } };
  return {
    state,
    start: started.flatMap((id) => findPath(state, id) ?? []),
    startControl: proposal.control,
    cancel: cancel.filter((path) => path.status === 'building'),
    revalidate,
    ...(proposal.land === undefined ? {} : { land: proposal.land }),
    refusals: [...formed.refusals, ...cancelled.refusals, ...builds.refusals],
  };
}

const NOTHING: Proposal = { form: [], start: [], retry: [], cancel: [], revalidate: [], control: false };

/** The head and its entries' new state appear in one change: nothing waits for a message in between. */
function formHead(state: QueueState, members: readonly EntryId[], nowMs: number): QueueState {
  const gen = state.gen + 1;
  const id = state.next.head;
  const [first] = state.entries.filter((entry) => members.includes(entry.id));
  if (!first) return state;
  const formed: QueueState = {
    ...state,
    gen,
    next: { ...state.next, head: id + 1 },
    heads: [...state.heads, { id, members, bornGen: gen, score: first.score, state: 'open' }],
  };
  return members.reduce((next, entryId) => moveEntry(next, entryId, 'active', { nowMs }), formed);
}

/** A running build keeps its slot until it is seen closed; one that only waits for its next attempt is dropped. */
const cancelPath = (state: QueueState, path: Path): QueueState =>
  path.status === 'retrying' ? withoutPath(state, path.id) : withPath(state, path.id, { status: 'cancelling' });

const startPath = (
  state: QueueState,
  id: string,
  { head, on }: { readonly head: number; readonly on: readonly number[] },
  nowMs: number,
): QueueState => ({
  ...state,
  gen: state.gen + 1,
  next: { ...state.next, path: state.next.path + 1 },
  paths: [
    ...state.paths,
    {
      id,
      head,
      on,
      status: 'building',
      attempt: 1,
      gen: state.gen + 1,
      epoch: state.epoch,
      startedAtMs: nowMs,
      suspect: false,
      suspectTests: [],
    },
  ],
});

function retryPath(state: QueueState, id: string, nowMs: number): QueueState {
  const path = findPath(state, id);
  if (!path) return state;
  const { retryAtMs: _due, ...rest } = path;
  const again: Path = {
    ...rest,
    status: 'building',
    attempt: path.attempt + 1,
    epoch: state.epoch,
    startedAtMs: nowMs,
    suspect: false,
    suspectTests: [],
  };
  return { ...state, gen: state.gen + 1, paths: state.paths.map((one) => (one.id === id ? again : one)) };
}

/** Head 0 is no head: the checks run on the tip itself. */
const startControl = (state: QueueState, nowMs: number): QueueState => ({
  ...state,
  gen: state.gen + 1,
  next: { ...state.next, path: state.next.path + 1 },
  control: { pathId: `${state.runTag}-0-${state.next.path}`, attempt: 1, tip: state.tip, startedAtMs: nowMs },
});

/** Unlanded pull requests of a path in the order in which they are merged: those it assumes first, then the head's. */
export function membersOfPath(state: QueueState, path: Path) {
  const ids = [...path.on, path.head];
  return state.heads
    .filter((head) => ids.includes(head.id) && (head.state === 'open' || head.state === 'merging'))
    .sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
    .flatMap((head) => membersOf(state, head));
}
