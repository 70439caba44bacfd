import { lstat } from 'node:fs/promises';
import { isAlive } from '../process-identity.js';
import { removeStaleLocks } from './stale-locks.js';
import { removeDirectory } from './tree-files.js';
import { findRecord, type Tree, type TreeRecord } from './tree-record.js';
import type { TreeStore } from './tree-store.js';

/** A tree without a record is being made right now, or was when its maker died. */
const UNRECORDED_MS = 10 * 60_000;

export interface LiveTree {
  readonly tree: Tree;
  /** Absent for the ruin of a killed creation. */
  readonly record: TreeRecord | undefined;
}

/** Trees in use; whether their owner still lives is the engine's to say. */
export async function listLiveTrees(store: TreeStore): Promise<readonly LiveTree[]> {
  const trees = await store.listLive();
  return await Promise.all(trees.map(async (tree) => ({ tree, record: await findRecord(tree) })));
}

/** Removes trees whose maker or cleaner died half-way. Answers how many. */
export async function removeAbandonedTrees(store: TreeStore): Promise<number> {
  let removed = 0;
  for (const tree of await store.listTransit()) {
    if (!(await isAbandoned(tree))) continue;
    await removeDirectory(tree.directory);
    removed += 1;
  }
  return removed;
}

async function isAbandoned(tree: Tree): Promise<boolean> {
  const record = await findRecord(tree);
  if (record !== undefined) return !isAlive(record.process);
  const found = await lstat(tree.directory).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > UNRECORDED_MS;
}

/** Locks and temporary files of killed gits in the trees' private indexes. */
export async function removeIndexLocks(store: TreeStore, gitDir: (projectId: string) => string): Promise<number> {
  let removed = 0;
  for (const { tree, record } of await listLiveTrees(store))
    if (record !== undefined) removed += await removeStaleLocks(gitDir(record.projectId), tree.indexFile);
  return removed;
}
