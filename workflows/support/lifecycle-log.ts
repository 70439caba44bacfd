// Pure: what happened and is not stored yet. Carried through continue-as-new, so that numbers never repeat.
import type { DecisionEntry, LifecycleEntry } from '../contract/lifecycle.js';

export interface LifecycleLog {
  readonly nextNumber: number;
  readonly pending: readonly LifecycleEntry[];
}

export const EMPTY_LOG: LifecycleLog = { nextNumber: 1, pending: [] };

export const noted = (log: LifecycleLog, entry: Omit<LifecycleEntry, 'number'>): LifecycleLog => ({
  nextNumber: log.nextNumber + 1,
  pending: [...log.pending, { ...entry, number: log.nextNumber }],
});

/** The store took these; what was noted meanwhile stays. */
export function stored(log: LifecycleLog, entries: readonly LifecycleEntry[]): LifecycleLog {
  const last = entries.at(-1)?.number ?? 0;
  return { ...log, pending: log.pending.filter((entry) => entry.number > last) };
}

export interface Transition {
  readonly species: 'epic' | 'task' | 'run';
  readonly from: string;
  readonly to: string;
  /** Why, in one sentence. */
  readonly reason: string;
  readonly atMs: number;
  readonly by?: string;
}

/** The event and the decision of one step of a state machine. */
export const transitionEntry = ({
  species,
  from,
  to,
  reason,
  atMs,
  by,
}: Transition): Omit<LifecycleEntry, 'number'> => ({
  at: isoAt(atMs),
  type: `${species}.state`,
  data: { from, to, reason },
  decision: {
    kind: 'transition',
    title: `${from} → ${to}`,
    decision: to,
    reasoning: reason,
    ...(by === undefined ? {} : { by }),
  },
});

/** The event and the decision of something that is no step of a state machine. */
export const decisionEntry = (
  type: string,
  atMs: number,
  decision: DecisionEntry,
  data: LifecycleEntry['data'] = {},
): Omit<LifecycleEntry, 'number'> => ({ at: isoAt(atMs), type, data, decision });

export const isoAt = (atMs: number): string => new Date(atMs).toISOString();
