import { endEntry, endHead, withEntry, withHead } from './change.js';
import { endContained, owedMarks } from './contained.js';
import { findHead, headOf, isLaneOpenFor, isUnsettled, membersOf, STALE_EPOCH } from './facts.js';
import { controlAtOnce, markRed, pauseLane } from './lane.js';
import { askForRebase } from './rebase.js';
import type { EntryId, LandedChange, LandingTarget, QueueState, Reason, Sha } from './types.js';

const KEPT_RECENT = 10;

/** Why a landing ended without moving the base. */
export type LandingSetback =
  | { readonly kind: 'refused'; readonly entryId: EntryId; readonly reason: Reason }
  | { readonly kind: 'headMoved'; readonly entryId: EntryId; readonly headSha: Sha }
  | { readonly kind: 'conflict'; readonly entryId: EntryId; readonly files: readonly string[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'uncertified'; readonly checks: readonly string[] }
  | { readonly kind: 'baseMoved' }
  | { readonly kind: 'forbidden'; readonly message: string }
  /** Withdrawn, paused or pushed to between preparation and push. */
  | { readonly kind: 'unwanted' };

/** Whether the landing that was prepared may still be pushed. Its head merges as long as it is the landing's. */
export function mayPush(state: QueueState, headId: number): boolean {
  const head = state.landing?.head === headId ? findHead(state, headId) : undefined;
  return head !== undefined && isLaneOpenFor(state, head) && !isUnsettled(state, head);
}

/** From here on the landing wins over a withdrawal: the target is in the history before the push. */
export const scheduledPush = (state: QueueState, headId: number, target: LandingTarget): QueueState => ({
  ...state,
  gen: state.gen + 1,
  landing: { head: headId, stage: 'pushing', target },
});

/** The remote base contains the target: a fact. */
export function landed(state: QueueState, headId: number, target: LandingTarget, nowMs: number): QueueState {
  const head = findHead(state, headId);
  if (head?.state !== 'merging') return state;
  const members = membersOf(state, head);
  const changes: LandedChange[] = members.map(({ prNumber, title }) => ({ prNumber, title, commit: target.commit }));
  let next: QueueState = {
    ...endHead(state, headId, 'landed'),
    tip: target.commit,
    sweep: target.commit,
    recent: [...changes, ...state.recent].slice(0, KEPT_RECENT),
    marks: [...state.marks, ...owedMarks(members, target.commit)],
  };
  for (const { id } of members) next = endEntry(next, id, { as: 'landed', mergeSha: target.commit }, nowMs);
  return controlAtOnce(next, nowMs);
}

/** The base does not hold what was tested: nothing further lands until a control run is green. */
export const landedWrong = (state: QueueState, message: string, nowMs: number): QueueState =>
  markRed(state, { tip: state.tip, reason: `LANDED_MISMATCH: ${message}`, checks: [] }, nowMs);

export function notLanded(state: QueueState, headId: number, setback: LandingSetback, nowMs: number): QueueState {
  const { landing, ...rest } = state;
  if (landing?.head !== headId) return state;
  const head = findHead(state, headId);
  if (head?.state !== 'merging') return rest;
  const open = withHead(rest, headId, { state: 'open' });
  switch (setback.kind) {
    case 'refused':
      return ejectMember(open, setback.entryId, setback.reason, nowMs);
    case 'headMoved':
      return headPushed(stalePaths(open, headId), setback.entryId, setback.headSha);
    case 'conflict':
      return askForRebase(open, { entryId: setback.entryId, tip: state.tip, files: setback.files }, nowMs);
    case 'empty':
      return endContained(open, head, nowMs);
    case 'uncertified':
      return uncertified(open, headId, setback.checks, nowMs);
    case 'baseMoved':
      return { ...stalePaths(open, headId), remoteDue: true };
    case 'forbidden':
      // The verdict stands: once a person changed the forge's setting and opened the lane it lands.
      return pauseLane(
        withHead(rest, headId, { state: 'merging' }),
        'incident',
        { by: 'system', reason: `LANDING_FORBIDDEN: ${setback.message}` },
        nowMs,
      );
    case 'unwanted':
      return open;
  }
}

/** A guard refused one entry: it leaves alone. */
export function ejectMember(state: QueueState, entryId: EntryId, reason: Reason, nowMs: number): QueueState {
  const head = headOf(state, entryId);
  return endEntry(head ? endHead(state, head.id, 'left') : state, entryId, { as: 'ejected', reason }, nowMs);
}

/** The author pushed: the entry keeps its seat until the inspection says whether the change is the same. */
export const headPushed = (state: QueueState, entryId: EntryId, headSha: Sha): QueueState =>
  withEntry(state, entryId, { headSha });

const stalePaths = (state: QueueState, headId: number): QueueState => ({
  ...state,
  paths: state.paths.map((path) => (path.head === headId ? { ...path, epoch: STALE_EPOCH } : path)),
});

/** Finished paths count as stale, so the keys are read again. Twice at one tip means that composing is not repeatable. */
function uncertified(state: QueueState, headId: number, checks: readonly string[], nowMs: number): QueueState {
  const before = findHead(state, headId)?.uncertified;
  const count = before?.tip === state.tip ? before.count + 1 : 1;
  const returned = withHead(stalePaths(state, headId), headId, { uncertified: { tip: state.tip, count } });
  if (count < 2) return returned;
  const reason = `COMPOSE_UNSTABLE: no evidence for ${checks.join(', ')} twice at one tip; do all workers run one git?`;
  return pauseLane(returned, 'incident', { by: 'system', reason }, nowMs);
}
