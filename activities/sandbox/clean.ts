import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDirectory } from '../../infra/remove-directory.js';

export interface Leftovers {
  readonly directory: string;
  /** Names that are ours to remove. */
  readonly pattern: RegExp;
  readonly olderThanMs: number;
}

/** Removes what nobody has touched for long: its process is dead. Answers how many entries went. */
export const removeLeftovers = async (
  { directory, pattern, olderThanMs }: Leftovers,
  nowMs: number,
): Promise<number> => {
  let removed = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const found = pattern.test(name) ? await stat(path).catch(() => undefined) : undefined; // gone meanwhile
    if (!found || nowMs - found.mtimeMs <= olderThanMs) continue;
    await removeDirectory(path);
    removed += 1;
  }
  return removed;
};

/** Says that an entry is still of use. */
export const touch = async (path: string, nowMs: number): Promise<void> => {
  await utimes(path, nowMs / 1000, nowMs / 1000).catch(() => undefined); // removed meanwhile: it is made again
};
