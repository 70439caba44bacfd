import { fetchBranch } from '../../../infra/git/mirror.js';
import { branchRef } from '../../../infra/git/refs.js';
import { readRemoteRefs } from '../../../infra/git/remote-refs.js';
import type { GitRemote, Repository } from '../../../infra/git/repository.js';
import { findLost } from '../../git/known-base.js';
import { isBaseGone } from './base-gone.js';
import type { Look, Reconciliation, Watched } from './ports.js';
import { tellProjectChanged, tellQueue } from './tell.js';
import { findWatchedProject, isOwnLanding, listQueueBranches, type WatchedProject } from './watch.repository.js';

/** A branch that a queue lands on, or the base: whoever works with it is told when it is not where it was. */
export const lookAtBranch: Look<'branch'> = async (watched, { ref }) => {
  const place = await open(watched);
  const name = ref.replace(/^refs\/heads\//, '');
  const branch = place.remote.names?.here(name) ?? name;
  if (branch === place.base?.name) return (await lookAtBase(watched, place)) ? 'moved' : 'known';
  if (!place.others.has(branch)) return 'other';
  const known = new Map([[branch, place.others.get(branch) ?? null]]);
  return (await compare(watched, place, known)) > 0 ? 'moved' : 'known';
};

export const reconcileBranches: Reconciliation = async (watched) => {
  const place = await open(watched);
  await compare(watched, place, place.others);
  await lookAtBase(watched, place);
};

interface Place {
  readonly mirror: Repository;
  readonly remote: GitRemote;
  readonly base: (WatchedProject & { readonly name: string }) | undefined;
  /** Branches of live queues but for the base, and the tip that each knows. */
  readonly others: ReadonlyMap<string, string | null>;
}

async function open({ deps, projectId, signal }: Watched): Promise<Place> {
  const { pools, mirrors, forge } = deps;
  const project = await findWatchedProject(pools.writes, projectId);
  const name = project?.baseBranch ?? null;
  const queues = await listQueueBranches(pools.writes, projectId);
  return {
    mirror: await mirrors.ensure(projectId, signal),
    remote: await forge.remote(projectId),
    base: project === undefined || name === null ? undefined : { ...project, name },
    others: new Map(queues.filter(({ branch }) => branch !== name).map(({ branch, tipSha }) => [branch, tipSha])),
  };
}

/** @returns how many are elsewhere than their queues knew */
async function compare(
  watched: Watched,
  { mirror, remote }: Place,
  known: ReadonlyMap<string, string | null>,
): Promise<number> {
  if (known.size === 0) return 0;
  const tips = await readRemoteRefs(mirror, remote, [...known.keys()].map(branchRef), watched.signal);
  const moved = [...known].filter(([branch, sha]) => tips.get(branchRef(branch)) !== (sha ?? undefined));
  for (const [branch] of moved) await tellQueue(watched, branch);
  return moved.length;
}

/** @returns whether somebody was told */
async function lookAtBase(watched: Watched, { mirror, remote, base }: Place): Promise<boolean> {
  if (base === undefined) return false;
  const { deps, projectId, signal } = watched;
  const tip = await fetchBranch(mirror, remote, base.name, signal).catch((error: unknown) => {
    if (isBaseGone(error)) return undefined;
    throw error;
  });
  const known = [base.laneTipSha, base.tipSha];
  const isLost = tip !== undefined && (await findLost(mirror, tip, known, signal)) !== undefined;
  const isBack = tip !== undefined && (base.isBaseMissed || base.saysBaseGone);
  // Said until the row says it, and once more when it is back, wherever that is.
  if (tip === undefined ? base.saysBaseGone : known.includes(tip) && !isLost && !isBack) return false;
  await tellQueue(watched, base.name);
  // What our own queue landed was looked at before it landed.
  const isOurs = tip === base.tipSha || (tip !== undefined && (await isOwnLanding(deps.pools.writes, projectId, tip)));
  if (isBack || isLost || !isOurs) await tellProjectChanged(watched);
  return true;
}
