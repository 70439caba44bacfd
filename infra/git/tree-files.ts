import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeOwner } from './run.js';
import type { Tree } from './tree-record.js';

/** Makes the directories of an empty tree; files and index belong to the owner of trees. */
export async function makeDirectories(tree: Tree, owner: TreeOwner | undefined): Promise<void> {
  await mkdir(tree.directory, { recursive: true, mode: 0o755 });
  for (const path of [tree.source, join(tree.directory, 'git')]) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  }
}
