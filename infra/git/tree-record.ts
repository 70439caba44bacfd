import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { writeAtomically } from '../atomic-file.js';
import type { ProcessIdentity } from '../process-identity.js';

/** What is known of a tree; kept beside it, outside everything an agent can reach. */
export interface TreeRecord {
  readonly projectId: string;
  /** Absent while the tree is in the pool. */
  readonly ownerId?: string;
  readonly taskId?: string;
  readonly mode: 'write' | 'read';
  /** What was checked out last, a commit or a tree; absent while nothing is. */
  readonly checkedOut?: string;
  /** The commit it was acquired at. */
  readonly baseSha?: string;
  /** False from before files change until they are as `checkedOut` says: a tree found so is not trusted. */
  readonly ready: boolean;
  readonly layerKey?: string;
  /** Outputs of `setup`, relative to the root: never part of a snapshot. */
  readonly excluded: readonly string[];
  /** Who moved or changed it last. */
  readonly process: ProcessIdentity;
}

/** A working tree: a plain directory without `.git`, its private index and its record beside it. */
export interface Tree {
  readonly treeId: string;
  /** Holds everything of the tree. */
  readonly directory: string;
  /** The files: what a sandbox sees as `/src`. */
  readonly source: string;
  readonly indexFile: string;
  readonly excludeFile: string;
}

const TREE_ID = /^[a-z0-9][a-z0-9-]{0,79}$/;

/** @throws InvalidInput for an id that is no plain name */
export function treeAt(parent: string, treeId: string): Tree {
  if (!TREE_ID.test(treeId)) throw new Failure('InvalidInput', 'a tree id is lower-case letters, digits and dashes');
  const directory = join(parent, treeId);
  return {
    treeId,
    directory,
    source: join(directory, 'src'),
    indexFile: join(directory, 'git', 'index'),
    excludeFile: join(directory, 'git', 'exclude'),
  };
}

const recordFile = (tree: Tree): string => join(tree.directory, 'tree.json');

/** Undefined when there is no such tree, or only the ruins of one: a record that is not as it was written says nothing. */
export async function findRecord(tree: Tree): Promise<TreeRecord | undefined> {
  try {
    const [text, fence] = await Promise.all([readFile(recordFile(tree), 'utf8'), readFence(tree)]);
    const [sum, json = ''] = text.split('\n');
    if (sum !== sumOf(json) || (fence !== undefined && !FENCE.test(fence))) return undefined;
    // Written by `writeRecord`, and whole.
    return JSON.parse(json) as TreeRecord;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const sumOf = (json: string): string => createHash('sha256').update(json).digest('hex');

const FENCE = /^\d{15}\.\d{8}(\.\d{4})?$/;

/** The newest attempt that was admitted to the tree; undefined before the first. */
export async function readFence(tree: Tree): Promise<string | undefined> {
  try {
    return await readFile(fenceFile(tree), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export const fenceFile = (tree: Tree): string => join(tree.directory, 'fence');

/** @throws WorktreeLost when there is no such tree */
export async function readRecord(tree: Tree): Promise<TreeRecord> {
  const record = await findRecord(tree);
  if (record === undefined) throw new Failure('WorktreeLost', `the working tree ${tree.treeId} is gone`);
  return record;
}

export function writeRecord(tree: Tree, record: TreeRecord): Promise<void> {
  const json = JSON.stringify(record);
  return writeAtomically(recordFile(tree), `${sumOf(json)}\n${json}\n`);
}

export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
