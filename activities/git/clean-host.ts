import { Failure } from '../../domain/failures.js';
import { type LiveTree, listLiveTrees, removeAbandonedTrees } from '../../infra/git/janitor.js';
import { packRepository } from '../../infra/git/maintenance.js';
import { fetchBranch } from '../../infra/git/mirror.js';
import { removeStaleLocks } from '../../infra/git/stale-locks.js';
import { isAlive } from '../../infra/process-identity.js';
import { runWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { findGitProject } from './git-project.repository.js';
import type { TreeDeps } from './ports.js';
import { findTreeOwners, type TreeOwner } from './tree-owners.repository.js';

/** Neither engine nor database know its owner: stores that were restored may yet, and it may hold the only copy of an edit. */
const ABSENT_MS = 24 * 60 * 60_000;
/** A run's read-only tree is taken before its row and its workflow are made. */
const UNSTARTED_MS = 60 * 60_000;

/**
 * What a killed predecessor left half-made on this host. For a process that has the host to itself and has not begun to
 * work: nothing is in the making, so nothing needs to grow old first. Answers how many things were removed.
 */
export async function clearRuins(deps: TreeDeps): Promise<number> {
  let removed = await removeAbandonedTrees(deps.trees.store, 0);
  for (const mirror of await deps.mirrors.list()) removed += await removeStaleLocks(mirror.dir);
  for (const { tree, record } of await listLiveTrees(deps.trees.store)) {
    // An owner's tree stays, whatever state it is in: its owner takes it up again.
    if (record !== undefined && !isCheckTree({ record })) continue;
    await deps.trees.store.remove(tree);
    removed += 1;
  }
  for (const clean of deps.cleaners) removed += await clean('start');
  return removed;
}

/** Trees, locks and sandboxes of dead processes and of closed workflows. Answers how many were removed. */
export async function cleanHost(deps: TreeDeps, signal: AbortSignal): Promise<number> {
  let removed = await removeAbandonedTrees(deps.trees.store);
  for (const mirror of await deps.mirrors.list()) {
    signal.throwIfAborted();
    removed += await removeStaleLocks(mirror.dir);
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
  for (const clean of deps.cleaners) removed += await clean('sweep');
  await refreshPools(deps, signal);
  await packMirrors(deps, signal);
  return removed;
}

/** Last, and each by itself: on a full disk packing fails, and what makes room is what was done before. */
async function packMirrors({ mirrors }: TreeDeps, signal: AbortSignal): Promise<void> {
  for (const mirror of await mirrors.list()) {
    signal.throwIfAborted();
    try {
      await packRepository(mirror, signal);
    } catch (error) {
      // A mirror that stays unpacked is slow, not wrong; a damaged one is mended by the git that needs it.
      if (signal.aborted || !(error instanceof Failure)) throw error;
    }
  }
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

/** Trees that no workflow will ask for again. Where the engine has forgotten a workflow, the rows say whether it ended. */
async function ownerless(deps: TreeDeps): Promise<readonly LiveTree[]> {
  const live = await listLiveTrees(deps.trees.store);
  const owned = live.flatMap((found) => {
    const owner = ownerOf(found);
    return owner === undefined ? [] : [{ found, owner }];
  });
  const ids = [...new Set(owned.map(({ owner }) => workflowIdOf(owner)))];
  const states = new Map(
    (await deps.engine.describeWorkflows({ workflowIds: ids })).map((one) => [one.workflowId, one.state]),
  );
  const forgotten = owned.filter(({ owner }) => states.get(workflowIdOf(owner)) === 'absent');
  const rows = await findTreeOwners(
    deps.pools.writes,
    forgotten.map(({ owner }) => owner),
  );
  const isOver = ({ found, owner }: (typeof owned)[number]): boolean => {
    const state = states.get(workflowIdOf(owner));
    if (state !== 'absent') return state === 'closed';
    if (rows.known.has(owner.id)) return rows.ended.has(owner.id);
    return found.ageMs > (owner.kind === 'run' ? UNSTARTED_MS : ABSENT_MS);
  };
  return [...owned.filter(isOver).map(({ found }) => found), ...live.filter(isLeftByDeadProcess)];
}

/** A check's tree belongs to the activity that took it, not to a workflow. */
const isCheckTree = ({ record }: Pick<LiveTree, 'record'>): boolean => record?.ownerId?.startsWith('check/') ?? false;

const ownerOf = (found: LiveTree): TreeOwner | undefined => {
  const { record } = found;
  if (record?.ownerId === undefined || isCheckTree(found)) return undefined;
  return record.taskId === undefined ? { kind: 'run', id: record.ownerId } : { kind: 'task', id: record.taskId };
};

const workflowIdOf = ({ kind, id }: TreeOwner): string => (kind === 'run' ? runWorkflowId(id) : taskWorkflowId(id));

const isLeftByDeadProcess = (found: LiveTree): boolean =>
  found.record === undefined ? found.ageMs > ABSENT_MS : isCheckTree(found) && !isAlive(found.record.process);
