import { Failure } from '../../../domain/failures.js';
import { isShut } from '../../../domain/forge/shut.js';
import { fetchBranch } from '../../../infra/git/mirror.js';
import { firstParents, readCommit } from '../../../infra/git/objects.js';
import { pushLanding } from '../../../infra/git/push.js';
import { readTip } from '../../../infra/git/remote-refs.js';
import type {
  LandInput,
  LandingCheck,
  LandOutcome,
  MergeActivities,
  PrepareLandingInput,
  PrepareLandingOutcome,
} from '../../../workflows/contract/activities/merge.js';
import { certify } from './certificate.js';
import { composeOn } from './compose.js';
import { findPullRequest, whyNotAdmissible } from './guards.js';
import { contains } from './inspect.js';
import { landByApi } from './land-by-api.js';
import { type MergeDeps, mergeConfigAt, openProject, type QueueProject, queueConfigAt } from './project.js';
import { requireTarget } from './require-target.js';

/** Guards, composition on the present tip, certificate. Moves nothing. */
export async function prepareLanding(
  deps: MergeDeps,
  { projectId, branch, tip, members }: PrepareLandingInput,
  signal: AbortSignal,
): Promise<PrepareLandingOutcome> {
  const opened = await openProject(deps, projectId, signal);
  const now = await fetchBranch(opened.mirror, opened.remote, branch, signal);
  if (now !== tip) return { kind: 'tipMoved', tip: now };
  const cfg = await queueConfigAt(opened, tip, signal);
  for (const { entryId, prNumber, headSha } of members) {
    const pr = await findPullRequest(deps.forge, projectId, prNumber, signal);
    const reason = whyNotAdmissible(pr, branch, cfg);
    if (reason) return { kind: 'refused', entryId, reason };
    if (pr && pr.headSha !== headSha) return { kind: 'headMoved', entryId, headSha: pr.headSha };
  }
  const composed = await composeOn(opened, tip, members, signal);
  if (composed.kind !== 'composed') return composed;
  const { commit, tree } = composed;
  // A queue waits, for a slot or a thaw, and a CI may say more meanwhile.
  await deps.voidTurnedRed?.({ projectId, commit, tree }, signal);
  const { missing } = await certify(deps, { projectId, base: tip, commit, tree });
  if (missing.length > 0) return { kind: 'uncertified', checks: missing };
  return { kind: 'ready', target: { base: tip, commit, tree } };
}

/** Reads first: a base that contains the commit has it from an earlier attempt. Else pushes under leases on base and head. */
export async function landHead(deps: MergeDeps, input: LandInput, signal: AbortSignal): Promise<LandOutcome> {
  const { projectId, branch, target, members } = input;
  const opened = await openProject(deps, projectId, signal);
  const { mirror, remote } = opened;
  const tip = await fetchBranch(mirror, remote, branch, signal);
  if (await contains(opened, tip, target.commit, signal)) return { kind: 'landed' };
  if ((await mergeConfigAt(opened, target.base, signal))?.via === 'api')
    return landByApi(deps, opened, { ...input, tip }, signal);
  if (tip !== target.base) return { kind: 'baseMoved', tip };
  await requireTarget(opened, input, signal);
  const [member] = members;
  const head = member && { branch: member.headRef, sha: member.headSha };
  if (head && (await readTip(mirror, remote, head.branch, signal)) === undefined) return { kind: 'headGone' };
  try {
    const pushed = await pushLanding(
      mirror,
      remote,
      { branch, base: target.base, commit: target.commit, ...(head ? { head } : {}) },
      signal,
    );
    if (pushed.kind === 'pushed') return { kind: 'landed' };
    return await afterRefusal(opened, input, pushed.kind, signal);
  } catch (error) {
    // A repository that takes nothing from anybody is waited for; a rule against us is for people to decide.
    if (error instanceof Failure && error.type === 'PermissionDenied' && !isShut(error.details.reason))
      return { kind: 'forbidden', message: error.message };
    throw error;
  }
}

/** A lease was stale. The commit may be there all the same, with somebody else's on top of it. */
async function afterRefusal(
  opened: QueueProject,
  { branch, target, members }: LandInput,
  moved: 'baseMoved' | 'headMoved',
  signal: AbortSignal,
): Promise<LandOutcome> {
  const { mirror, remote } = opened;
  const tip = await fetchBranch(mirror, remote, branch, signal);
  if (await contains(opened, tip, target.commit, signal)) return { kind: 'landed' };
  if (moved === 'baseMoved') return { kind: 'baseMoved', tip };
  const headSha = await readTip(mirror, remote, members[0]?.headRef ?? '', signal);
  return headSha === undefined ? { kind: 'headGone' } : { kind: 'headMoved', headSha };
}

/** What the base holds is what was tested: its tree, and a first-parent line through the commit. */
export async function checkLanding(
  deps: MergeDeps,
  { projectId, branch, target }: Parameters<MergeActivities['checkLanding']>[0],
  signal: AbortSignal,
): Promise<LandingCheck> {
  const { mirror, remote } = await openProject(deps, projectId, signal);
  const tip = await fetchBranch(mirror, remote, branch, signal);
  const line = await firstParents(mirror, { base: target.base, tip, signal });
  if (!line.includes(target.commit))
    return { kind: 'mismatch', message: `${target.commit} is not on the first-parent line of ${branch}` };
  const landed = await readCommit(mirror, target.commit, signal);
  if (landed.parents[0] !== target.base)
    return { kind: 'mismatch', message: `${target.commit} does not follow ${target.base}` };
  if (landed.tree !== target.tree)
    return { kind: 'mismatch', message: `${branch} holds tree ${landed.tree}, tested was ${target.tree}` };
  return { kind: 'ok' };
}
