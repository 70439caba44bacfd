import { requireCommits } from '../../../infra/git/mirrors.js';
import { pushOwnRef } from '../../../infra/git/push.js';
import { branchRef } from '../../../infra/git/refs.js';
import { readRemoteRefs } from '../../../infra/git/remote-refs.js';
import type { RunCheckInput } from '../../../workflows/contract/activities/checks.js';
import { sha256 } from '../sha256.js';
import { findCiProject, listNeededRefs } from './forge-check.repository.js';
import type { ForgeCiDeps } from './ports.js';

/** Below it the forge's CI finds candidates; nobody else pushes there. */
export const CANDIDATES = 'millwright-queue/';

/** One branch for each commit of each build: no rule of the CI against runs side by side ends another's. */
export async function candidateRef(
  { pools }: Pick<ForgeCiDeps, 'pools'>,
  { projectId, commit, buildId }: RunCheckInput,
): Promise<string> {
  const { baseBranch } = await findCiProject(pools.writes, projectId);
  return branchRef(`${CANDIDATES}${baseBranch ?? 'base'}/${commit.slice(0, 12)}-${sha256(buildId).slice(0, 12)}`);
}

export async function pushCandidate(
  { forge, mirrors }: ForgeCiDeps,
  { projectId, commit }: RunCheckInput,
  ref: string,
  signal: AbortSignal,
): Promise<void> {
  const mirror = await mirrors.ensure(projectId, signal);
  const remote = await forge.remote(projectId);
  await requireCommits(mirror, remote, [commit], signal);
  await pushOwnRef(mirror, remote, { ref, to: commit, expected: undefined }, signal);
}

/** Deletes the branch unless another check of the build needs it. */
export async function releaseCandidate(
  deps: ForgeCiDeps,
  { projectId, commit }: RunCheckInput,
  ref: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await listNeededRefs(deps.pools.writes, projectId, [ref])).length > 0) return;
  const mirror = await deps.mirrors.ensure(projectId, signal);
  const remote = await deps.forge.remote(projectId);
  if (!(await readRemoteRefs(mirror, remote, [ref], signal)).has(ref)) return;
  await pushOwnRef(mirror, remote, { ref, to: undefined, expected: commit }, signal);
}
