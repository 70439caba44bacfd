import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { makeRemovable, removeDirectory } from '../remove-directory.js';
import { excludePattern } from './excludes.js';
import { removeDamagedIndex } from './index-file.js';
import { requireObjectId } from './operands.js';
import { type Repository, splitNul } from './repository.js';
import type { GitCall } from './run.js';
import { bytes, scanForHazards, TOO_LONG } from './scan.js';
import type { Tree } from './tree-record.js';

type Signal = AbortSignal | undefined;
const CHECKOUT_TIMEOUT_MS = 10 * 60_000;

const inTree = (repo: Repository, tree: Tree, signal: Signal): Omit<GitCall, 'command'> => ({
  gitDir: repo.dir,
  workTree: tree.source,
  indexFile: tree.indexFile,
  timeoutMs: CHECKOUT_TIMEOUT_MS,
  asTreeOwner: true,
  signal,
});

/**
 * Moves a tree that is exactly as its index says (fresh, or from the pool) to a commit or tree: only what
 * differs is written. @throws Conflict or Internal when it was not clean; the caller takes another tree
 */
export async function moveClean(repo: Repository, tree: Tree, to: string, signal?: Signal): Promise<void> {
  await repo.git.run({
    ...inTree(repo, tree, signal),
    command: 'read-tree',
    options: ['-m', '-u'],
    operands: [requireObjectId(to, 'checkout')],
  });
}

/**
 * Makes the files exactly those of a commit or tree, whatever an agent left: changed, deleted, ignored and
 * nested ones. `keep` names outputs of `setup` that stay. @throws WorktreeLost when that cannot be done
 */
export async function forceContent(
  repo: Repository,
  tree: Tree,
  { to, keep = [], signal }: { to: string; keep?: readonly string[]; signal?: Signal },
): Promise<void> {
  await removeDamagedIndex(tree);
  await clearMetadata(tree, keep, signal);
  await cleanFiles(repo, tree, keep, signal);
  await repo.git.run({
    ...inTree(repo, tree, signal),
    command: 'read-tree',
    options: ['--reset', '-u'],
    operands: [requireObjectId(to, 'checkout')],
  });
  await cleanFiles(repo, tree, keep, signal);
  const left = await differences(repo, tree, keep, signal);
  if (left > 0)
    throw new Failure('WorktreeLost', `the working tree ${tree.treeId} cannot be reset: ${left} files stay`);
}

/** `clean` passes over anything called `.git`, so that goes first, by our own hand. */
async function clearMetadata(tree: Tree, keep: readonly string[], signal: Signal): Promise<void> {
  await removeDirectory(join(tree.source, '.git'));
  const skip = new Set(keep.map((path) => Buffer.from(path).toString('latin1')));
  const found = await scanForHazards({ root: tree.source, skip, maxEntries: Number.MAX_SAFE_INTEGER, signal });
  if (found.kind !== 'scanned') return;
  if (found.hazards.some(({ why }) => why === TOO_LONG)) {
    // Neither git nor we can name what lies there: it is brought up first.
    await makeRemovable(tree.source);
    return clearMetadata(tree, keep, signal);
  }
  for (const { path } of found.hazards) await rm(bytes(tree.source, path), { recursive: true, force: true });
}

async function cleanFiles(repo: Repository, tree: Tree, keep: readonly string[], signal: Signal): Promise<void> {
  await repo.git.run({
    ...inTree(repo, tree, signal),
    command: 'clean',
    options: ['-f', '-f', '-d', '-x', '-q', ...keep.map((path) => `--exclude=${excludePattern(path)}`)],
  });
}

/** Deletes what `setup` made, by a git that follows no link and has the rights of the tree's owner. */
export async function removeOutputs(repo: Repository, tree: Tree, paths: readonly string[]): Promise<void> {
  await repo.git.run({
    ...inTree(repo, tree, undefined),
    command: 'clean',
    options: ['-f', '-f', '-d', '-x', '-q'],
    paths,
  });
}

async function differences(repo: Repository, tree: Tree, keep: readonly string[], signal: Signal): Promise<number> {
  const { stdout } = await repo.git.run({
    ...inTree(repo, tree, signal),
    command: 'ls-files',
    options: ['-z', '--others', '--modified', '--deleted', ...keep.map((path) => `--exclude=${excludePattern(path)}`)],
  });
  return splitNul(stdout).length;
}
