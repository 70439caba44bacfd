import { faultPoint } from '../fault-point.js';
import { commitTree } from './commit.js';
import { readCommit, readRef, treeOf } from './objects.js';
import { requireObjectId } from './operands.js';
import { checkpointRef } from './refs.js';
import type { Repository } from './repository.js';
import { type SnapshotOutcome, takeSnapshot } from './snapshot.js';
import type { Tree } from './tree-record.js';

export interface CheckpointInput {
  readonly tree: Tree;
  readonly taskId: string;
  /** Parent of the checkpoint, so that its difference is the task's own work. */
  readonly baseSha: string;
  /** Outputs of `setup`, relative to the root. */
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export type CheckpointOutcome =
  | { readonly kind: 'kept'; readonly sha: string; readonly ignored: readonly string[] }
  | Extract<SnapshotOutcome, { readonly kind: 'refused' }>;

const AUTHOR = { name: 'Millwright', email: 'millwright@localhost' };

/**
 * Keeps the files of a tree at `refs/millwright/wip/<task>` of the mirror. Equal files on an equal base give the
 * equal commit. The caller holds the tree's fence.
 */
export async function keepCheckpoint(repo: Repository, input: CheckpointInput): Promise<CheckpointOutcome> {
  const { tree, outputs = [], signal } = input;
  const snapshot = await takeSnapshot(repo, { tree, outputs, signal });
  if (snapshot.kind === 'refused') return snapshot;
  const sha = await commitOf(repo, { ...input, tree: snapshot.tree, message: `Checkpoint of ${input.taskId}` });
  await faultPoint('checkpoint.before-call');
  await setRef(repo, checkpointRef(input.taskId), sha, input.signal);
  await faultPoint('checkpoint.after-call-before-record');
  return { kind: 'kept', sha, ignored: snapshot.ignored };
}

/** The tree's files as a commit that no ref names; undefined when git cannot keep them. */
export async function snapshotCommit(
  repo: Repository,
  { tree, baseSha, outputs = [], signal }: Omit<CheckpointInput, 'taskId'>,
): Promise<string | undefined> {
  const snapshot = await takeSnapshot(repo, { tree, outputs, signal });
  if (snapshot.kind === 'refused') return undefined;
  return commitOf(repo, { tree: snapshot.tree, baseSha, message: `Files of ${tree.treeId}`, signal });
}

async function commitOf(
  repo: Repository,
  { tree, baseSha, message, signal }: Omit<CheckpointInput, 'tree' | 'taskId'> & { tree: string; message: string },
): Promise<string> {
  const base = await readCommit(repo, baseSha, signal);
  const commit = { tree, parents: [base.sha], message, author: AUTHOR, atSeconds: base.committedAtSeconds };
  return commitTree(repo, commit, signal);
}

/** The task's newest checkpoint, or undefined when it has none. */
export const findCheckpoint = (repo: Repository, taskId: string, signal?: AbortSignal): Promise<string | undefined> =>
  readRef(repo, checkpointRef(taskId), signal);

/** No checkpoint is success. */
export const dropCheckpoint = (repo: Repository, taskId: string, signal?: AbortSignal): Promise<void> =>
  deleteRef(repo, checkpointRef(taskId), signal);

/** Points a ref of the mirror at a commit, wherever it stood. */
export async function setRef(repo: Repository, ref: string, sha: string, signal?: AbortSignal): Promise<void> {
  await updateRefs(repo, `update ${ref}\0${requireObjectId(sha)}\0\0`, signal);
}

export async function deleteRef(repo: Repository, ref: string, signal?: AbortSignal): Promise<void> {
  await updateRefs(repo, `delete ${ref}\0\0`, signal);
}

async function updateRefs(repo: Repository, commands: string, signal?: AbortSignal): Promise<void> {
  await repo.git.run({
    command: 'update-ref',
    gitDir: repo.dir,
    options: ['--stdin', '-z', '--no-deref'],
    input: commands,
    signal,
  });
}

/** True when both commits have the same files. */
export const isSameTree = async (repo: Repository, a: string, b: string, signal?: AbortSignal): Promise<boolean> =>
  (await treeOf(repo, a, signal)) === (await treeOf(repo, b, signal));
