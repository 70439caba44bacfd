import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Below it a host begins no more work. */
export const MIN_FREE_BYTES = 2 ** 30;

/** What this process may still write to the disk that holds the directory. */
export interface Space {
  readonly directory: string;
  readonly freeBytes: number;
}

/** Of the disks that hold the directories the one with the least room, under the first directory on it. */
export async function leastSpace(directories: readonly [string, ...string[]]): Promise<Space> {
  const seen = new Set<number>();
  let least: Space = { directory: directories[0], freeBytes: Number.POSITIVE_INFINITY };
  for (const directory of directories) {
    const there = firstExisting(directory);
    const { dev } = await stat(there);
    if (seen.has(dev)) continue;
    seen.add(dev);
    const { bavail, bsize } = await statfs(there);
    const freeBytes = bavail * bsize;
    if (freeBytes < least.freeBytes) least = { directory, freeBytes };
  }
  return least;
}

/** What is not there yet will lie where its parent does. */
export const firstExisting = (path: string): string => (existsSync(path) ? path : firstExisting(dirname(path)));
