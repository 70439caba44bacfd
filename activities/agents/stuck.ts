import type { TurnCall, TurnRow } from '../store/turn.repository.js';

/** Equal calls with equal results, one after another, after which an attempt has stopped getting anywhere. */
export const STUCK_AFTER = 5;

const keyOf = ({ name, inputRef, resultRef }: TurnCall): string => `${name} ${inputRef} ${resultRef ?? ''}`;

/**
 * Whether the newest calls of a run are all the same call with the same result. References name content, so equal
 * texts have equal ones.
 */
export function isStuck(turns: readonly Pick<TurnRow, 'calls'>[]): boolean {
  const newest = turns.flatMap(({ calls }) => calls).slice(-STUCK_AFTER);
  return newest.length === STUCK_AFTER && new Set(newest.map(keyOf)).size === 1;
}
