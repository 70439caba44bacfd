import { hasCommit, treeOf } from '../../infra/git/objects.js';
import { filesWithMarkers } from '../../infra/git/rebase.js';
import type { Repository } from '../../infra/git/repository.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import type { LookAtWork } from '../agents/tools/complete-work.js';
import { findTaskHead } from './git-project.repository.js';
import type { TreeDeps } from './ports.js';

/** Looks, and changes nothing. A tree without a commit to compare it with counts as changed. */
export const createLookAtWork =
  ({ trees, mirrors, pools }: Pick<TreeDeps, 'trees' | 'mirrors' | 'pools'>): LookAtWork =>
  async ({ projectId, treeId, taskId, conflictFiles, isMerge }, signal) => {
    const { tree, record } = await trees.open(treeId);
    const repository = await mirrors.open(projectId);
    const snapshot = await takeSnapshot(repository, { tree, outputs: record.excluded, signal });
    if (snapshot.kind === 'refused') return snapshot;
    const files = await filesWithMarkers(repository, { at: snapshot.tree, paths: conflictFiles, signal });
    if (files.length > 0) return { kind: 'markers', files };
    const head = (taskId === null ? undefined : await findTaskHead(pools.writes, taskId)) ?? record.baseSha;
    const isUnchanged = !isMerge && (await hasTree(repository, { head, tree: snapshot.tree, signal }));
    return { kind: isUnchanged ? 'unchanged' : 'changed', ignored: snapshot.ignored };
  };

async function hasTree(
  repository: Repository,
  { head, tree, signal }: { readonly head: string | undefined; readonly tree: string; readonly signal: AbortSignal },
): Promise<boolean> {
  // A head that this mirror has not seen says nothing.
  if (head === undefined || !(await hasCommit(repository, head, signal))) return false;
  return (await treeOf(repository, head, signal)) === tree;
}
