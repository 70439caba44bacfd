import type { Machine } from './states.js';

/**
 * The shortest chain of allowed steps from one state to another, `to` included, by way of `through` alone. Empty when
 * there is nothing to do. A caller that asks for an impossible step gets it as one step: the row then says what is true,
 * and the test of the tables says what is wrong.
 */
export function pathTo<S extends string>(machine: Machine<S>, from: S, to: S, through: readonly S[]): readonly S[] {
  if (from === to) return [];
  const queue: (readonly S[])[] = [[]];
  const visited = new Set<S>([from]);
  for (let path = queue.shift(); path; path = queue.shift()) {
    const at = path.at(-1) ?? from;
    for (const next of machine[at]) {
      if (next === to) return [...path, to];
      if (!through.includes(next) || visited.has(next)) continue;
      visited.add(next);
      queue.push([...path, next]);
    }
  }
  return [to];
}
