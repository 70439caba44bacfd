import { Failure } from '../../domain/failures.js';
import { type LiveTree, listLiveTrees, removeAbandonedTrees } from '../../infra/git/janitor.js';
import { packRepository } from '../../infra/git/maintenance.js';
import { fetchBranch } from '../../infra/git/mirror.js';
import { removeStaleLocks } from '../../infra/git/stale-locks.js';
import { isAlive } from '../../infra/process-identity.js';
import { runWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { findGitProject } from './git-project.repository.js';
import type { TreeDeps } from './ports.js';

/** An engine that lost its store knows no workflow for a while; its trees may hold the only copy of an edit. */
const ABSENT_MS = 24 * 60 * 60_000;

/** Trees, locks and sandboxes of dead processes and of closed workflows. Answers how many were removed. */
export async function cleanHost(deps: TreeDeps, signal: AbortSignal): Promise<number> {
  let removed = await removeAbandonedTrees(deps.trees.store);
  for (const mirror of await deps.mirrors.list()) {
    signal.throwIfAborted();
    removed += await removeStaleLocks(mirror.dir);
    await packRepository(mirror, signal);
  }
  for (const { tree, record } of await ownerless(deps)) {
    signal.throwIfAborted();
    if (record === undefined) await deps.trees.store.remove(tree);
    else {
      const repository = await deps.mirrors.ensure(record.projectId, signal);
      await deps.trees.release(tree.treeId, { ownerId: record.ownerId ?? '', repository });
    }
    removed += 1;
  }
  for (const clean of deps.cleaners) removed += await clean();
  await refreshPools(deps, signal);
  return removed;
}

/** Free trees follow their project's base, so that the next owner writes only what changed since the last sweep. */
async function refreshPools({ pools, trees, mirrors, forge }: TreeDeps, signal: AbortSignal): Promise<void> {
  for (const projectId of await trees.store.listPools()) {
    signal.throwIfAborted();
    try {
      const { baseBranch } = await findGitProject(pools.writes, projectId);
      if (baseBranch === null) continue;
      const repository = await mirrors.open(projectId);
      const sha = await fetchBranch(repository, await forge.remote(projectId), baseBranch, signal);
      await trees.refreshPool(repository, { projectId, sha });
    } catch (error) {
      // A pool that stays behind costs the next owner some time; a project that is gone costs nobody anything.
      if (signal.aborted || !(error instanceof Failure)) throw error;
    }
  }
}

async function ownerless(deps: TreeDeps): Promise<readonly LiveTree[]> {
  const live = await listLiveTrees(deps.trees.store);
  const byWorkflow = live.flatMap((found) => {
    const workflowId = workflowOf(found);
    return workflowId === undefined ? [] : [{ found, workflowId }];
  });
  const ids = [...new Set(byWorkflow.map(({ workflowId }) => workflowId))];
  const states = new Map(
    (await deps.engine.describeWorkflows({ workflowIds: ids })).map((one) => [one.workflowId, one.state]),
  );
  const ended = byWorkflow.filter(({ found, workflowId }) => {
    const state = states.get(workflowId);
    return state === 'closed' || (state === 'absent' && isOld(found));
  });
  return [...ended.map(({ found }) => found), ...live.filter(isLeftByDeadProcess)];
}

/** A check's tree belongs to the activity that took it, not to a workflow. */
const isCheckTree = ({ record }: LiveTree): boolean => record?.ownerId?.startsWith('check/') ?? false;

const workflowOf = (found: LiveTree): string | undefined => {
  const { record } = found;
  if (record?.ownerId === undefined || isCheckTree(found)) return undefined;
  return record.taskId === undefined ? runWorkflowId(record.ownerId) : taskWorkflowId(record.taskId);
};

const isLeftByDeadProcess = (found: LiveTree): boolean =>
  found.record === undefined ? found.ageMs > ABSENT_MS : isCheckTree(found) && !isAlive(found.record.process);

const isOld = ({ ageMs }: LiveTree): boolean => ageMs > ABSENT_MS;
