import { branchRef } from '../../../infra/git/refs.js';
import { readRemoteRefs } from '../../../infra/git/remote-refs.js';
import type { Look, Reconciliation, Watched } from './ports.js';
import { tellProjectChanged, tellQueue } from './tell.js';
import { findWatchedProject, isOwnLanding, listQueueBranches } from './watch.repository.js';

/** A branch that a queue lands on, or the base: whoever works with it is told when it is not where it was. */
export const lookAtBranch: Look<'branch'> = async (watched, { ref }) => {
  const name = ref.replace(/^refs\/heads\//, '');
  const branches = await watchedBranches(watched);
  if (!branches.has(name)) return 'other';
  return (await compare(watched, new Map([[name, branches.get(name) ?? null]]))) > 0 ? 'moved' : 'known';
};

export const reconcileBranches: Reconciliation = async (watched) => {
  await compare(watched, await watchedBranches(watched));
};

/** Name → the tip that we know. */
async function watchedBranches({ deps, projectId }: Watched): Promise<ReadonlyMap<string, string | null>> {
  const project = await findWatchedProject(deps.pools.writes, projectId);
  const queues = await listQueueBranches(deps.pools.writes, projectId);
  const known = new Map(queues.map(({ branch, tipSha }) => [branch, tipSha]));
  const base = project?.baseBranch;
  if (base && !known.has(base)) known.set(base, project.tipSha);
  return known;
}

/** @returns how many are elsewhere than we knew */
async function compare(watched: Watched, known: ReadonlyMap<string, string | null>): Promise<number> {
  const { deps, projectId, signal } = watched;
  if (known.size === 0) return 0;
  const mirror = await deps.mirrors.ensure(projectId, signal);
  const refs = [...known.keys()].map(branchRef);
  const tips = await readRemoteRefs(mirror, await deps.forge.remote(projectId), refs, signal);
  const project = await findWatchedProject(deps.pools.writes, projectId);
  let moved = 0;
  for (const [branch, sha] of known) {
    const tip = tips.get(branchRef(branch));
    if (tip === (sha ?? undefined)) continue;
    moved += 1;
    await tellQueue(watched, branch);
    const isOutside = tip !== project?.tipSha && !(tip && (await isOwnLanding(deps.pools.writes, projectId, tip)));
    if (branch === project?.baseBranch && isOutside) await tellProjectChanged(watched);
  }
  return moved;
}
