import { endEntry, endHead, moveEntry, noticeEntry, notify, withEntry } from './change.js';
import { findEntry, headOf } from './facts.js';
import { hasTurn } from './turns.js';
import type { EntryId, QueueState, RebaseRequest, Sha } from './types.js';

/** Conflict of an entry with content that has landed. */
export interface TipConflict {
  readonly entryId: EntryId;
  readonly tip: Sha;
  readonly files: readonly string[];
}

/**
 * Has the author asked to rebase when it is the entry's turn: the seat stays, the head dissolves. Conflict with content
 * that has not landed never comes here. After the last round the entry is ejected.
 */
export const askForRebase = (state: QueueState, conflict: TipConflict, nowMs: number): QueueState =>
  askForRebases(state, [conflict], nowMs);

/** All of one look: whose turn it is depends on all of them. */
export const askForRebases = (state: QueueState, found: readonly TipConflict[], nowMs: number): QueueState =>
  giveTurns(
    found.reduce((next, conflict) => contest(next, conflict, nowMs), state),
    nowMs,
  );

function contest(state: QueueState, conflict: TipConflict, nowMs: number): QueueState {
  const entry = findEntry(state, conflict.entryId);
  if (!entry) return state;
  const { files } = conflict;
  if (entry.state === 'rebasing')
    return entry.rebase ? amend(state, conflict) : withEntry(state, entry.id, { contested: files });
  const head = headOf(state, entry.id);
  const dissolved = head ? endHead(state, head.id, 'left') : state;
  if (entry.rounds >= state.cfg.rebaseRounds)
    return endEntry(dissolved, entry.id, { as: 'ejected', reason: 'REBASE_EXHAUSTED', detail: { files } }, nowMs);
  const reason = `conflict with the base in ${files.join(', ')}`;
  return moveEntry(dissolved, entry.id, 'rebasing', { nowMs, reason }, { contested: files });
}

/** Asks every author whose turn it is. Their requests are about the present tip. */
export function giveTurns(state: QueueState, nowMs: number): QueueState {
  const { tip } = state;
  return state.entries.reduce((next, entry) => {
    if (!hasTurn(state, entry, nowMs)) return next;
    const round = entry.rounds + 1;
    const request = requestOf(entry.id, round, { tip, files: entry.contested ?? [] }, nowMs);
    const asked = withEntry(next, entry.id, { rounds: round, rebase: request });
    return notify(asked, { kind: 'rebase', entry: noticeEntry(entry), request, amends: false });
  }, state);
}

/** A further landing while a request is outstanding: same request, new tip and files. */
function amend(state: QueueState, { entryId, tip, files }: TipConflict): QueueState {
  const entry = findEntry(state, entryId);
  if (!entry?.rebase || entry.rebase.tip === tip) return state;
  const request = { ...entry.rebase, tip, files };
  return notify(withEntry(state, entryId, { rebase: request, contested: files }), {
    kind: 'rebase',
    entry: noticeEntry(entry),
    request,
    amends: true,
  });
}

/** Rounds whose time is over: asked once more, and after the last round ejected. Paused time does not count. */
export function expireRebases(state: QueueState, nowMs: number): QueueState {
  if (state.lane.pausedBy.length > 0) return state;
  return state.entries.reduce((next, entry) => {
    const { rebase } = entry;
    if (!rebase || rebase.heldSinceMs !== undefined || nowMs < rebase.sinceMs + state.timing.rebaseRoundMs) return next;
    const round = rebase.round + 1;
    if (round > next.cfg.rebaseRounds)
      return endEntry(
        next,
        entry.id,
        { as: 'ejected', reason: 'REBASE_EXHAUSTED', detail: { files: rebase.files } },
        nowMs,
      );
    const request = requestOf(entry.id, round, rebase, nowMs);
    const asked = withEntry(next, entry.id, { rounds: round, rebase: request });
    return notify(asked, { kind: 'rebase', entry: noticeEntry(entry), request, amends: false });
  }, state);
}

/** The author of an entry was paused, or goes on: the round is longer by that time. */
export function holdAuthor(state: QueueState, entryId: EntryId, on: boolean, nowMs: number): QueueState {
  const rebase = findEntry(state, entryId)?.rebase;
  if (!rebase || on === (rebase.heldSinceMs !== undefined)) return state;
  if (on) return withEntry(state, entryId, { rebase: { ...rebase, heldSinceMs: nowMs } });
  const { heldSinceMs, ...running } = rebase;
  return withEntry(state, entryId, {
    rebase: { ...running, sinceMs: rebase.sinceMs + nowMs - (heldSinceMs ?? nowMs) },
  });
}

/** The lane was paused for this long: every outstanding round is longer by it. */
export const extendRounds = (state: QueueState, byMs: number): QueueState => ({
  ...state,
  entries: state.entries.map((entry) =>
    entry.rebase ? { ...entry, rebase: { ...entry.rebase, sinceMs: entry.rebase.sinceMs + byMs } } : entry,
  ),
});

const requestOf = (
  entryId: EntryId,
  round: number,
  { tip, files }: Pick<TipConflict, 'tip' | 'files'>,
  sinceMs: number,
): RebaseRequest => ({ requestId: `${entryId}/${round}`, round, tip, files, sinceMs });
