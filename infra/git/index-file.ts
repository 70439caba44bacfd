import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { isMissing, type Tree } from './tree-record.js';

const HASH_BYTES = 20;

/**
 * Whether the private index is what git wrote last: it ends with its own SHA-1. Git itself does not look, and reads one
 * that was cut off as if nameless files were in it. @throws ENOENT when there is none
 */
export async function isSoundIndex({ indexFile }: Tree): Promise<boolean> {
  const content = await readFile(indexFile);
  const end = content.length - HASH_BYTES;
  if (end <= 0) return false;
  return createHash('sha1').update(content.subarray(0, end)).digest().equals(content.subarray(end));
}

/** Before files are written anew, which needs no index. */
export async function removeDamagedIndex(tree: Tree): Promise<void> {
  const isSound = await isSoundIndex(tree).catch((error: unknown) => {
    if (isMissing(error)) return true;
    throw error;
  });
  if (!isSound) await rm(tree.indexFile, { force: true });
}
