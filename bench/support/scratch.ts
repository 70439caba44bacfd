import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
const NEEDED_BYTES = 2 * 2 ** 30;

export interface Scratch {
  readonly path: string;
  /** For a report's head. */
  readonly on: string;
  remove(): void;
}

/**
 * A directory that the owner of trees can traverse, in memory where there is room. What others write to a shared disk
 * made a checkout take from 0.4 to 24 s; in memory it is what git does, and the ratio is the harder one for us.
 */
export const scratchInMemory = (): Scratch => {
  const hasRoom = isRoomy(IN_MEMORY);
  return { ...scratchIn(hasRoom ? IN_MEMORY : tmpdir()), on: hasRoom ? 'files in memory' : 'files on disk' };
};

export const scratchOnDisk = (): Scratch => ({ ...scratchIn(tmpdir()), on: 'files on disk' });

const scratchIn = (parent: string): Omit<Scratch, 'on'> => {
  const path = mkdtempSync(join(parent, 'millwright-bench-'));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

const isRoomy = (directory: string): boolean => {
  try {
    accessSync(directory, constants.W_OK);
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= NEEDED_BYTES;
  } catch {
    // Not every system has one.
    return false;
  }
};
