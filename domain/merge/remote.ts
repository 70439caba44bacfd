// What inspections and looks at the remote change.
import { endEntry, endHead, moveEntry, withEntry, withoutPath, withPath } from './change.js';
import { soundScore } from './config.js';
import { owedMarks } from './contained.js';
import { findEntry, findPath, headOf, isFinished } from './facts.js';
import { ejectMember, headPushed } from './landing.js';
import { controlAtOnce, pauseLane } from './lane.js';
import { askForRebase, askForRebases } from './rebase.js';
import type {
  BuildResult,
  Candidate,
  EntryId,
  EvidenceId,
  QueueConfig,
  QueueState,
  Reason,
  Score,
  Sha,
  Touch,
} from './types.js';

export type Inspection =
  | {
      readonly kind: 'ready';
      readonly headSha: Sha;
      readonly patchId: string;
      readonly title: string;
      readonly touch: Touch;
      readonly score: Score;
      readonly conflict?: readonly string[];
    }
  | { readonly kind: 'landed'; readonly mergeSha: Sha; readonly external: boolean }
  | { readonly kind: 'ended'; readonly state: 'landed' | 'ejected' | 'withdrawn'; readonly mergeSha?: Sha }
  | { readonly kind: 'headChanged'; readonly headSha: Sha }
  | { readonly kind: 'refused'; readonly reason: Reason };

/** Identifies what was inspected: an answer about an older head or tip is dropped, and the inspection repeated. */
export interface Inspected {
  readonly entryId: EntryId;
  readonly headSha: Sha;
  readonly tip: Sha;
}

export function inspected(state: QueueState, asked: Inspected, found: Inspection, nowMs: number): QueueState {
  const entry = findEntry(state, asked.entryId);
  if (!entry || entry.headSha !== asked.headSha || (entry.state !== 'queued' && entry.state !== 'active')) return state;
  switch (found.kind) {
    case 'ready': {
      const known: QueueState = withEntry(state, entry.id, {
        headSha: found.headSha,
        inspectedHead: found.headSha,
        patchId: found.patchId,
        touch: found.touch,
        score: soundScore(found.score),
        // Frozen by the first inspection: it is part of the commit.
        ...(entry.inspectedHead ? {} : { title: found.title }),
      });
      const { conflict } = found;
      // A conflict with an older tip is no news: composing on the present one tells.
      return conflict && asked.tip === state.tip
        ? askForRebase(known, { entryId: entry.id, tip: asked.tip, files: conflict }, nowMs)
        : known;
    }
    case 'landed':
      return endLanded(state, entry.id, found, nowMs);
    case 'ended':
      return endAgain(state, entry.id, found, nowMs);
    case 'headChanged':
      return ejectMember(state, entry.id, 'HEAD_CHANGED', nowMs);
    case 'refused':
      return ejectMember(state, entry.id, found.reason, nowMs);
  }
}

/** Its head is on the base though this state did not land it: an earlier life of the queue did, or an outsider. */
function endLanded(
  state: QueueState,
  entryId: EntryId,
  { mergeSha, external }: { readonly mergeSha: Sha; readonly external: boolean },
  nowMs: number,
): QueueState {
  const entry = findEntry(state, entryId);
  const head = headOf(state, entryId);
  const left = head ? endHead(state, head.id, 'left') : state;
  return endEntry(
    { ...left, marks: [...left.marks, ...(entry ? owedMarks([entry], mergeSha) : [])] },
    entryId,
    { as: 'landed', mergeSha, ...(external ? { reason: 'EXTERNALLY' as const } : {}) },
    nowMs,
  );
}

/** The row ended in an earlier life of the queue: its owner is told once more, nothing else happens. */
function endAgain(
  state: QueueState,
  entryId: EntryId,
  row: { readonly state: 'landed' | 'ejected' | 'withdrawn'; readonly mergeSha?: Sha },
  nowMs: number,
): QueueState {
  const head = headOf(state, entryId);
  const left = head ? endHead(state, head.id, 'left') : state;
  if (row.state === 'landed')
    return endEntry(left, entryId, { as: 'landed', mergeSha: row.mergeSha ?? state.tip }, nowMs);
  return endEntry(left, entryId, { as: 'withdrawn', by: 'system', reason: `was ${row.state} before` }, nowMs);
}

/** The owner says that it pushed. In answer to a rebase request the entry takes its seat again. */
export function ownerPushed(state: QueueState, entryId: EntryId, headSha: Sha, nowMs: number): QueueState {
  const entry = findEntry(state, entryId);
  if (!entry || !/^[0-9a-f]{40}$/.test(headSha)) return state;
  if (entry.state !== 'rebasing') return entry.headSha === headSha ? state : headPushed(state, entryId, headSha);
  const { rebase: _answered, inspectedHead: _old, ...seated } = entry;
  const answered: QueueState = {
    ...state,
    entries: state.entries.map((one) => (one.id === entryId ? { ...seated, headSha, patchId: '' } : one)),
  };
  return moveEntry(answered, entryId, 'queued', { nowMs, reason: 'the author pushed' });
}

export interface RemoteReading {
  readonly tip: Sha;
  readonly moved: 'no' | 'forward' | 'rewritten';
  readonly cfg: QueueConfig;
}

/** @param askedTip the tip the queue believed in when it asked; another one since makes the answer worthless */
export function remoteRead(state: QueueState, askedTip: Sha, found: RemoteReading, nowMs: number): QueueState {
  // During a push the move may be our own.
  if (askedTip !== state.tip || state.landing?.stage === 'pushing') return state;
  const read: QueueState = { ...state, cfg: found.cfg, remoteDue: false };
  if (found.moved === 'no') return read;
  const moved = controlAtOnce(
    { ...read, gen: state.gen + 1, epoch: state.epoch + 1, tip: found.tip, sweep: found.tip },
    nowMs,
  );
  if (found.moved === 'forward') return moved;
  return holdRewritten(moved, askedTip, nowMs);
}

/** Somebody pushed over what was there: nothing lands before a person has looked. */
export function holdRewritten(state: QueueState, lostTip: Sha, nowMs: number): QueueState {
  const reason = `BASE_REWRITTEN: ${lostTip.slice(0, 12)} is no longer part of the branch`;
  return pauseLane(state, 'incident', { by: 'system', reason }, nowMs);
}

/** Which waiting entries conflict with what has landed. Authors are asked once the answer is about the present tip. */
export function swept(
  state: QueueState,
  tip: Sha,
  conflicts: readonly { readonly entryId: EntryId; readonly headSha: Sha; readonly files: readonly string[] }[],
  nowMs: number,
): QueueState {
  if (state.sweep !== tip) return state;
  const { sweep: _done, ...rest } = state;
  if (tip !== state.tip) return rest;
  const standing = conflicts.filter(({ entryId, headSha }) => {
    const head = headOf(rest, entryId);
    const pushing = head !== undefined && rest.landing?.head === head.id && rest.landing.stage === 'pushing';
    return findEntry(rest, entryId)?.headSha === headSha && !pushing;
  });
  return askForRebases(
    rest,
    standing.map(({ entryId, files }) => ({ entryId, tip, files })),
    nowMs,
  );
}

export type Revalidation =
  | { readonly kind: 'passed'; readonly candidate: Candidate; readonly evidence: readonly EvidenceId[] }
  | { readonly kind: 'failed'; readonly candidate: Candidate; readonly result: BuildResult }
  | { readonly kind: 'same'; readonly candidate: Candidate }
  | { readonly kind: 'forget' };

/** @param epoch of the question; a base that moved since makes the answer worthless */
export function revalidated(
  state: QueueState,
  asked: { readonly pathId: string; readonly attempt: number; readonly epoch: number },
  found: Revalidation,
): QueueState {
  const path = findPath(state, asked.pathId);
  if (!path || path.attempt !== asked.attempt || state.epoch !== asked.epoch || path.epoch >= state.epoch) return state;
  if (path.status === 'cancelling' || path.status === 'retrying') return state;
  const { epoch } = state;
  switch (found.kind) {
    case 'passed':
      return isFinished(path)
        ? withPath(state, path.id, {
            status: 'passed',
            epoch,
            candidate: found.candidate,
            result: { cause: 'none', failedTests: [], failedChecks: [], evidence: found.evidence },
          })
        : withPath(state, path.id, { epoch });
    case 'failed':
      return isFinished(path)
        ? withPath(state, path.id, { status: 'failed', epoch, candidate: found.candidate, result: found.result })
        : withPath(state, path.id, { epoch });
    case 'same':
      return isFinished(path) ? withoutPath(state, path.id) : withPath(state, path.id, { epoch });
    case 'forget':
      return isFinished(path) ? withoutPath(state, path.id) : withPath(state, path.id, { obsolete: true });
  }
}
