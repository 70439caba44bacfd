/** The part of `after` that differs from `before`: what a store is told of a row that it knows already. */
export function changedKeys<T extends object>(before: Partial<T> | undefined, after: T): Partial<T> {
  const changed: Partial<T> = {};
  for (const key of Object.keys(after) as (keyof T)[]) {
    if (JSON.stringify(before?.[key]) !== JSON.stringify(after[key])) changed[key] = after[key];
  }
  return changed;
}
