const last = new Map<string, Promise<unknown>>();

/**
 * Runs one piece of work at a time per key, in the order of the calls, within this process. Ref updates of one
 * repository go through here: git's own lock files make the loser fail instead of wait.
 */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  // Nobody waits on this copy, so a failure of `mine` must not count as unhandled here.
  const settled = mine.catch(() => undefined);
  last.set(key, settled);
  try {
    return await mine;
  } finally {
    if (last.get(key) === settled) last.delete(key);
  }
}
