import { addsNothing } from '../../infra/git/adds-nothing.js';
import { dropCheckpoint } from '../../infra/git/checkpoint.js';
import { fetchAllBranches } from '../../infra/git/mirror.js';
import { listRefs } from '../../infra/git/objects.js';
import { pushOwnRef } from '../../infra/git/push.js';
import { CHECKPOINTS, FORGE_REFS } from '../../infra/git/refs.js';
import type { GitRemote, Repository } from '../../infra/git/repository.js';
import { removeStaleLocks } from '../../infra/git/stale-locks.js';
import { cleanCandidates } from './clean-candidates.js';
import { type BranchWork, listBranchWork, listEndedTasks } from './git-project.repository.js';
import type { GitDeps } from './ports.js';

/** Branches and checkpoints of work that has ended, and locks of dead gits. Answers how many were removed. */
export async function cleanRepository(deps: GitDeps, projectId: string, signal: AbortSignal): Promise<number> {
  const mirror = await deps.mirrors.ensure(projectId, signal);
  const remote = await deps.forge.remote(projectId);
  let removed = await removeStaleLocks(mirror.dir);
  if (remote.transport === 'file') removed += await removeStaleLocks(remote.url);
  removed += await cleanCheckpoints(deps, mirror, signal);
  // Only a shared forge has a CI that candidates are pushed for.
  if (remote.transport !== 'file') removed += await cleanCandidates(deps, { projectId, mirror, remote, signal });
  return removed + (await cleanBranches(deps, { projectId, mirror, remote, signal }));
}

async function cleanCheckpoints({ pools }: GitDeps, mirror: Repository, signal: AbortSignal): Promise<number> {
  const refs = await listRefs(mirror, CHECKPOINTS, signal);
  const ended = await listEndedTasks(
    pools.writes,
    [...refs.keys()].map((ref) => ref.slice(CHECKPOINTS.length)),
  );
  for (const taskId of ended) await dropCheckpoint(mirror, taskId, signal);
  return ended.length;
}

interface Cleaning {
  readonly projectId: string;
  readonly mirror: Repository;
  readonly remote: GitRemote;
  readonly signal: AbortSignal;
}

async function cleanBranches({ pools }: GitDeps, { projectId, mirror, remote, signal }: Cleaning): Promise<number> {
  await fetchAllBranches(mirror, remote, signal);
  const refs = await listRefs(mirror, `${FORGE_REFS}millwright/`, signal);
  const tips = new Map([...refs].map(([ref, sha]) => [ref.slice(FORGE_REFS.length), sha]));
  let removed = 0;
  for (const work of await listBranchWork(pools.writes, projectId, [...tips.keys()])) {
    const tip = tips.get(work.branch);
    if (tip === undefined || !(await mayGo(mirror, work, tip, signal))) continue;
    await pushOwnRef(mirror, remote, { ref: `refs/heads/${work.branch}`, to: undefined, expected: tip }, signal);
    removed += 1;
  }
  return removed;
}

/**
 * Landed work goes when its head is what the queue landed, or the target holds all that it would bring; cancelled work
 * goes; failed work may be retried and stays.
 */
async function mayGo(
  mirror: Repository,
  { state, target, landedHead }: BranchWork,
  tip: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (state === 'CANCELLED') return true;
  if (state !== 'COMPLETED') return false;
  // What another had landed already is no ancestor of the target, which may be gone as well.
  if (tip === landedHead) return true;
  if (target === null) return false;
  const held = (await listRefs(mirror, `${FORGE_REFS}${target}`, signal)).get(`${FORGE_REFS}${target}`);
  return held !== undefined && (await addsNothing(mirror, held, tip, signal));
}
