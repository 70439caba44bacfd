import type { Refusal } from '../failures.js';
import { endEntry, endHead, logged, withEntry } from './change.js';
import { DEFAULT_SCORE, TOUCHES_ALL } from './config.js';
import { findEntry, headOf } from './facts.js';
import type { Entry, EntryId, QueuePriority, QueueState, Sha } from './types.js';

export interface Admission {
  readonly entryId: EntryId;
  readonly prNumber: number;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly owner: string;
  readonly headRef: string;
  readonly headSha: Sha;
  readonly title: string;
  readonly priority: QueuePriority;
  readonly fixesBase?: boolean;
  readonly by: string;
}

export type AdmissionCode = 'QUEUE_FULL' | 'LANE_DRAINING' | 'PR_ALREADY_QUEUED' | 'INVALID_ENTRY';

/** The live or ended entry that this admission repeats. */
export function admittedAs(state: QueueState, { entryId, prNumber, headSha }: Admission) {
  const known =
    findEntry(state, entryId) ??
    state.ended.find((entry) => entry.id === entryId) ??
    state.entries.find((entry) => entry.prNumber === prNumber && entry.headSha === headSha);
  return known ? { entryId: known.id, state: known.state } : undefined;
}

export function whyNotAdmit(
  state: QueueState,
  admission: Admission,
): (Refusal & { readonly code: AdmissionCode }) | undefined {
  const refusal = (code: AdmissionCode, message: string) => ({ type: 'InvalidState' as const, code, message });
  if (!isWellFormed(admission))
    return refusal('INVALID_ENTRY', 'an entry needs an id, a pull request, an owner, a branch and a full head sha');
  if (admittedAs(state, admission)) return undefined;
  if (state.entries.some((entry) => entry.prNumber === admission.prNumber))
    return refusal('PR_ALREADY_QUEUED', `#${admission.prNumber} is queued with another head: say headPushed instead`);
  if (state.lane.draining) return refusal('LANE_DRAINING', 'the lane is draining: it takes no new entries');
  if (state.entries.length >= state.cfg.maxEntries)
    return refusal('QUEUE_FULL', `the queue holds ${state.cfg.maxEntries} entries already`);
  return undefined;
}

const isWellFormed = ({ entryId, prNumber, owner, headRef, headSha, title, priority }: Admission): boolean =>
  [entryId, owner, headRef, title].every((text) => typeof text === 'string' && text.length > 0) &&
  Number.isSafeInteger(prNumber) &&
  prNumber > 0 &&
  /^[0-9a-f]{40}$/.test(headSha) &&
  [0, 1, 2].includes(priority);

/** Adds an entry that `whyNotAdmit` let pass. It waits for its inspection. */
export function admit(state: QueueState, admission: Admission, nowMs: number): QueueState {
  const { entryId, fixesBase, by, title, ...rest } = admission;
  const entry: Entry = {
    ...rest,
    id: entryId,
    title: title.replace(/\s+/g, ' ').trim(),
    patchId: '',
    seq: state.next.seq,
    fixesBase: fixesBase ?? false,
    enqueuedBy: by,
    enqueuedAtMs: nowMs,
    state: 'queued',
    touch: TOUCHES_ALL,
    score: DEFAULT_SCORE,
    rounds: 0,
  };
  return logged(
    {
      ...state,
      gen: state.gen + 1,
      next: { ...state.next, seq: state.next.seq + 1 },
      entries: [...state.entries, entry],
    },
    {
      atMs: nowMs,
      type: 'queue.entry',
      entryId,
      title: `#${entry.prNumber} ${entry.title}`,
      from: 'none',
      to: 'queued',
      reason: '',
      by,
      ...(entry.taskId ? { taskId: entry.taskId } : {}),
      ...(entry.epicId ? { epicId: entry.epicId } : {}),
    },
  );
}

/** Asked for, until the push is scheduled: from then on the landing wins. */
export function whyNotWithdraw(state: QueueState, entryId: EntryId): Refusal | undefined {
  if (!findEntry(state, entryId)) {
    const ended = state.ended.find((entry) => entry.id === entryId);
    return ended
      ? { type: 'InvalidState', message: `the entry is ${ended.state} already` }
      : { type: 'NotFound', message: 'this queue has no such entry' };
  }
  const head = headOf(state, entryId);
  return head && state.landing?.head === head.id && state.landing.stage === 'pushing'
    ? { type: 'InvalidState', message: 'the entry is being pushed to the base' }
    : undefined;
}

export function withdraw(
  state: QueueState,
  { entryId, by, reason }: { readonly entryId: EntryId; readonly by: string; readonly reason?: string },
  nowMs: number,
): QueueState {
  const head = headOf(state, entryId);
  return endEntry(
    head ? endHead(state, head.id, 'left') : state,
    entryId,
    { as: 'withdrawn', by, ...(reason ? { reason } : {}) },
    nowMs,
  );
}

export const whyNotReprioritise = (state: QueueState, entryId: EntryId, reason: string): Refusal | undefined => {
  if (!findEntry(state, entryId)) return { type: 'NotFound', message: 'this queue has no such entry' };
  return reason.trim() === '' ? { type: 'InvalidInput', message: 'a changed priority needs a reason' } : undefined;
};

/** Re-ranks. What was built stays of use: a path says what it was built on, not where it stood. */
export function reprioritise(
  state: QueueState,
  change: {
    readonly entryId: EntryId;
    readonly priority: QueuePriority;
    readonly fixesBase?: boolean;
    readonly by: string;
    readonly reason: string;
  },
  nowMs: number,
): QueueState {
  const entry = findEntry(state, change.entryId);
  if (!entry) return state;
  const fixesBase = change.fixesBase ?? entry.fixesBase;
  const text = (priority: number, fixes: boolean): string => `priority ${priority}${fixes ? ', fixes the base' : ''}`;
  return logged(withEntry(state, entry.id, { priority: change.priority, fixesBase }), {
    atMs: nowMs,
    type: 'queue.entry',
    entryId: entry.id,
    title: `#${entry.prNumber} ${entry.title}`,
    from: text(entry.priority, entry.fixesBase),
    to: text(change.priority, fixesBase),
    reason: change.reason,
    by: change.by,
    ...(entry.taskId ? { taskId: entry.taskId } : {}),
    ...(entry.epicId ? { epicId: entry.epicId } : {}),
  });
}
