import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../domain/failures.js';
import { keepCheckpoint } from '../../infra/git/checkpoint.js';
import { checkFence } from '../../infra/git/fence.js';
import type { NotKept } from '../../workflows/contract/activities/agents.js';
import { withAttempt } from '../../workflows/contract/fence.js';
import type { TreeDeps } from './ports.js';

export interface SealedTree {
  readonly treeId?: string;
  readonly projectId: string;
  readonly taskId?: string;
  readonly fence: string;
}

export interface KeptTree extends NotKept {
  readonly checkpointSha?: string;
}

/**
 * For the seal of a turn: keeps the tree's files at the task's checkpoint ref and answers the commit, with the files
 * that are not in it. A tree without a task, or taken for reading, has no checkpoint; neither has one with files that
 * git cannot keep, where the last one stays.
 * @throws WorktreeLost, Superseded
 */
export const createKeepCheckpoint =
  ({ trees, mirrors }: Pick<TreeDeps, 'trees' | 'mirrors'>) =>
  async ({ treeId, projectId, taskId, fence }: SealedTree, signal: AbortSignal): Promise<KeptTree> => {
    if (treeId === undefined || taskId === undefined) return {};
    const { tree, record } = await trees.open(treeId);
    if (record.mode === 'read') return {};
    if (!record.ready || record.baseSha === undefined)
      throw new Failure('WorktreeLost', `the working tree ${treeId} is half-made`);
    await checkFence(tree, withAttempt(fence, activityInfo().attempt));
    const repository = await mirrors.open(projectId);
    const { baseSha, excluded: outputs } = record;
    const kept = await keepCheckpoint(repository, { tree, taskId, baseSha, outputs, signal });
    if (kept.kind === 'refused') return { refused: { paths: kept.paths, why: kept.why } };
    return { checkpointSha: kept.sha, ...(kept.ignored.length === 0 ? {} : { ignored: kept.ignored }) };
  };
