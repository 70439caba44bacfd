import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { pathText } from './repository.js';

export interface Hazard {
  /** Byte-exact, relative to the root. */
  readonly path: string;
  readonly why: string;
}

export interface ScanInput {
  readonly root: string;
  /** Byte-exact relative directories that are not entered: ignored or excluded ones. */
  readonly skip: ReadonlySet<string>;
  readonly maxEntries: number;
  readonly signal?: AbortSignal | undefined;
}

export type ScanResult =
  | { readonly kind: 'scanned'; readonly hazards: readonly Hazard[] }
  | { readonly kind: 'tooMany' };

/**
 * Finds what git would drop in silence or stumble over: pipes, sockets, devices, repositories inside the tree
 * and names that git reads as its own. Follows no link. A `.git` at the root is the agent's own throw-away
 * repository and is left out of everything.
 */
export async function scanForHazards({ root, skip, maxEntries, signal }: ScanInput): Promise<ScanResult> {
  const hazards: Hazard[] = [];
  const waiting = [''];
  let entries = 0;
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    signal?.throwIfAborted();
    const found = await entriesOf(bytes(root, directory));
    if (found === 'tooLong') hazards.push({ path: directory, why: TOO_LONG });
    else
      for (const entry of found) {
        entries += 1;
        if (entries > maxEntries) return { kind: 'tooMany' };
        const name = entry.name.toString('latin1');
        const path = directory === '' ? name : `${directory}/${name}`;
        if (path === '.git' || skip.has(path)) continue;
        const why = whyNotName(name) ?? whyNotKind(entry);
        if (why !== undefined) hazards.push({ path, why });
        else if (entry.isDirectory()) waiting.push(path);
      }
  }
  return { kind: 'scanned', hazards };
}

export const TOO_LONG = 'a path longer than the kernel takes';

const entriesOf = async (directory: Buffer): Promise<readonly Dirent<Buffer>[] | 'tooLong'> => {
  try {
    return await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return 'tooLong';
    throw error;
  }
};

/** How often each of the inodes occurs below the root, links not followed. */
export async function countInodes(root: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const waiting = [''];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop())
    for (const entry of await readdir(bytes(root, directory), { withFileTypes: true, encoding: 'buffer' })) {
      const name = entry.name.toString('latin1');
      const path = directory === '' ? name : `${directory}/${name}`;
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile()) continue;
      const key = inodeOf(await lstat(bytes(root, path)));
      if (wanted.has(key)) found.set(key, (found.get(key) ?? 0) + 1);
    }
  return found;
}

export const inodeOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev}:${ino}`;

/** A path for the file system from a byte-exact name. */
export const bytes = (root: string, path: string): Buffer =>
  path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);

/** Git refuses these because some file system would take them for `.git`. */
const DOT_GIT = /^(?:\.git|git~1)[. ]*(?::.*)?$/i;
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

const whyNotName = (name: string): string | undefined =>
  DOT_GIT.test(pathText(name).replace(IGNORED_BY_HFS, ''))
    ? 'a repository or a name that git reads as its own'
    : undefined;

interface EntryKind {
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

function whyNotKind(entry: EntryKind): string | undefined {
  if (entry.isDirectory() || entry.isFile() || entry.isSymbolicLink()) return undefined;
  if (entry.isFIFO()) return 'a named pipe';
  return entry.isSocket() ? 'a socket' : 'a device';
}
