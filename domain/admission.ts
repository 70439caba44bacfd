// How the factory shares its workers. Deterministic: the same holders and limits give the same answer.

export interface AdmissionLimits {
  /** Epics that may work at once. */
  readonly maxEpics: number;
  /** Sum of all slots. */
  readonly maxWorkers: number;
}

export interface AdmissionHolder {
  readonly id: string;
  readonly kind: 'epic' | 'task' | 'other';
  /** 1 (first) to 5. */
  readonly priority: number;
  /** Slots it could use now, those in use included; 0 = none. */
  readonly wants: number;
  /** Slots that its runs hold now. They are never taken away. */
  readonly inUse: number;
  /** Slots it was given last. */
  readonly slots: number;
  /** Position of its first ask: earlier goes first among equals. */
  readonly seq: number;
}

export interface Share {
  readonly id: string;
  readonly slots: number;
}

/**
 * Shares of every holder, in the order given. Whoever works keeps its place and the slots in use; free places go by
 * priority, then by first ask; slots are dealt one by one in that order, so that equals get equal shares. A holder that
 * is over its share is told the lower number and gives up slots as its runs end: until then nobody else gets them.
 */
export function admit(holders: readonly AdmissionHolder[], limits: AdmissionLimits): readonly Share[] {
  const placed = places(holders, limits);
  const target = deal(placed, limits.maxWorkers, () => 0);
  // A run in flight counts even when its epic has lost its place to a lowered limit.
  const free = limits.maxWorkers - holders.reduce((sum, holder) => sum + inUseOf(holder), 0);
  const extra = deal(placed, Math.max(0, free), inUseOf, (holder) => target.get(holder.id) ?? 0);
  return holders.map((holder) => {
    const share = Math.min(target.get(holder.id) ?? 0, inUseOf(holder) + (extra.get(holder.id) ?? 0));
    // A lone task cannot give up a part of its one slot.
    return { id: holder.id, slots: holder.kind === 'task' ? Math.max(share, inUseOf(holder)) : share };
  });
}

const inUseOf = (holder: AdmissionHolder): number => Math.max(0, holder.inUse);
const wantsOf = (holder: AdmissionHolder): number => Math.max(holder.wants, inUseOf(holder));

/** Who takes part: lone tasks that want a slot, and at most `maxEpics` epics, those that work already first. */
function places(holders: readonly AdmissionHolder[], limits: AdmissionLimits): readonly AdmissionHolder[] {
  const wanting = holders
    .filter((holder) => holder.kind !== 'other' && wantsOf(holder) > 0)
    .toSorted((a, b) => a.priority - b.priority || a.seq - b.seq);
  const epics = wanting.filter((holder) => holder.kind === 'epic');
  const works = (holder: AdmissionHolder): boolean => holder.slots > 0 || inUseOf(holder) > 0;
  const admitted = new Set(
    [...epics.filter(works), ...epics.filter((holder) => !works(holder))]
      .slice(0, limits.maxEpics)
      .map((holder) => holder.id),
  );
  return wanting.filter((holder) => holder.kind === 'task' || admitted.has(holder.id));
}

/** Deals slots one by one, round after round, to everyone below what it may have. */
function deal(
  holders: readonly AdmissionHolder[],
  slots: number,
  has: (holder: AdmissionHolder) => number,
  mayHave: (holder: AdmissionHolder) => number = wantsOf,
): ReadonlyMap<string, number> {
  const dealt = new Map<string, number>();
  let left = slots;
  for (let before = -1; left > 0 && before !== left; ) {
    before = left;
    for (const holder of holders) {
      const now = dealt.get(holder.id) ?? 0;
      if (left === 0 || has(holder) + now >= mayHave(holder)) continue;
      dealt.set(holder.id, now + 1);
      left -= 1;
    }
  }
  return dealt;
}
