import { lstat } from 'node:fs/promises';
import { isAlive } from '../process-identity.js';
import { removeDirectory } from '../remove-directory.js';
import { findRecord, type Tree, type TreeRecord } from './tree-record.js';
import type { TreeStore } from './tree-store.js';

/** A tree without a record is being made right now, or was when its maker died. */
const UNRECORDED_MS = 10 * 60_000;

export interface LiveTree {
  readonly tree: Tree;
  /** Absent for the ruin of a killed creation. */
  readonly record: TreeRecord | undefined;
  /** Since it was last moved or its record changed. */
  readonly ageMs: number;
}

/** Trees in use; whether their owner still lives is the engine's to say. */
export async function listLiveTrees(store: TreeStore): Promise<readonly LiveTree[]> {
  const trees = await store.listLive();
  return await Promise.all(
    trees.map(async (tree) => ({ tree, record: await findRecord(tree), ageMs: (await ageOf(tree)) ?? 0 })),
  );
}

/**
 * Removes trees whose maker or cleaner died half-way. Answers how many.
 * @param unrecordedMs how long a tree without a record may still be in the making
 */
export async function removeAbandonedTrees(store: TreeStore, unrecordedMs = UNRECORDED_MS): Promise<number> {
  let removed = 0;
  for (const tree of await store.listTransit()) {
    if (!(await isAbandoned(tree, unrecordedMs))) continue;
    await removeDirectory(tree.directory);
    removed += 1;
  }
  return removed;
}

async function isAbandoned(tree: Tree, unrecordedMs: number): Promise<boolean> {
  const record = await findRecord(tree);
  if (record !== undefined) return !isAlive(record.process);
  const ageMs = await ageOf(tree);
  return ageMs !== undefined && ageMs >= unrecordedMs;
}

/** Undefined when it went while it was looked at. Every change of the record renames a file in the directory. */
async function ageOf(tree: Tree): Promise<number | undefined> {
  const found = await lstat(tree.directory).catch(() => undefined);
  return found === undefined ? undefined : Date.now() - found.mtimeMs;
}
