import type { Sha } from '../../../domain/merge/types.js';

/** A pull request of the model: the world knows what the queue has to find out. */
export interface Change {
  readonly n: number;
  head: Sha;
  patch: string;
  /** Landed changes it has been rebased over. */
  rebased: Set<number>;
}

/** Whether the checks pass on a set of changes: arbitrary and not monotone, but fixed for a seed. */
export function passes(seed: number, set: ReadonlySet<number>): boolean {
  const key = [...set].sort((a, b) => a - b).join(',');
  let hash = seed ^ 0x9e3779b9;
  for (const char of key) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return (hash >>> 0) % 100 < 72;
}

/** Textual conflicts end when the author has rebased over them; outsiders' commits never conflict. */
export const conflictsWith = (seed: number, change: Change, base: ReadonlySet<number>): boolean =>
  [...base].some(
    (other) => other < 1_000 && !change.rebased.has(other) && (change.n * 31 + other * 17 + seed) % 100 < 18,
  );

/** Green unless an outsider broke it; what the queue landed was tested. */
export const isGreen = (base: ReadonlySet<number>): boolean =>
  ![...base].some((n) => n >= 1_000 && n % 2 === 1 && !base.has(n + 500));
