import { endEntry, endHead } from './change.js';
import { membersOf } from './facts.js';
import type { Entry, Head, OwedMark, QueueState, Sha } from './types.js';

/** The forge does not show these as merged yet. */
export const owedMarks = (members: readonly Entry[], mergeSha: Sha): readonly OwedMark[] =>
  members.map(({ id, prNumber, headRef }) => ({ entryId: id, prNumber, headRef, mergeSha }));

/** The candidate changes nothing: the base holds the work already, so nothing is pushed. */
export function endContained(state: QueueState, head: Head, nowMs: number): QueueState {
  let next: QueueState = {
    ...endHead(state, head.id, 'landed'),
    marks: [...state.marks, ...owedMarks(membersOf(state, head), state.tip)],
  };
  for (const id of head.members)
    next = endEntry(next, id, { as: 'landed', mergeSha: state.tip, reason: 'ALREADY_IN_BASE' }, nowMs);
  return next;
}
