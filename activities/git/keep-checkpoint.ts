import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../domain/failures.js';
import { keepCheckpoint } from '../../infra/git/checkpoint.js';
import { checkFence } from '../../infra/git/fence.js';
import { withAttempt } from '../../workflows/contract/fence.js';
import type { TreeDeps } from './ports.js';

export interface SealedTree {
  readonly treeId?: string;
  readonly projectId: string;
  readonly taskId?: string;
  readonly fence: string;
}

/**
 * For the seal of a turn: keeps the tree's files at the task's checkpoint ref and answers the commit. A tree
 * without a task, or taken for reading, has no checkpoint; neither has one with files that git cannot keep, where
 * the last one stays and the next commit says which files they are.
 * @throws WorktreeLost, Superseded
 */
export const createKeepCheckpoint =
  ({ trees, mirrors }: Pick<TreeDeps, 'trees' | 'mirrors'>) =>
  async ({ treeId, projectId, taskId, fence }: SealedTree, signal: AbortSignal): Promise<string | undefined> => {
    if (treeId === undefined || taskId === undefined) return undefined;
    const { tree, record } = await trees.open(treeId);
    if (record.mode === 'read') return undefined;
    if (!record.ready || record.baseSha === undefined)
      throw new Failure('WorktreeLost', `the working tree ${treeId} is half-made`);
    await checkFence(tree, withAttempt(fence, activityInfo().attempt));
    const repository = await mirrors.open(projectId);
    const kept = await keepCheckpoint(repository, { tree, taskId, baseSha: record.baseSha, signal });
    return kept.kind === 'kept' ? kept.sha : undefined;
  };
