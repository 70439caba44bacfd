import { chmod, chown, mkdir, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
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

/**
 * Deletes a directory an agent may have filled: closed directories are opened on the way, symbolic links are
 * deleted and not followed. Missing is success. @throws Unavailable when something stays
 */
export async function removeDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    await openDirectories(path);
    try {
      await rm(path, { recursive: true, force: true, maxRetries: 2 });
    } catch {
      throw new Failure('Unavailable', 'a working tree could not be removed', { reason: 'REMOVE' }, { cause: error });
    }
  }
}

async function openDirectories(path: string): Promise<void> {
  await chmod(path, 0o700);
  for await (const entry of await opendir(path)) if (entry.isDirectory()) await openDirectories(join(path, entry.name));
}
