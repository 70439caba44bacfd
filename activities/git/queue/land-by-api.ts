import { Failure } from '../../../domain/failures.js';
import { fetchBranch } from '../../../infra/git/mirror.js';
import { readCommit } from '../../../infra/git/objects.js';
import type { LandInput, LandOutcome } from '../../../workflows/contract/activities/merge.js';
import { contains } from './inspect.js';
import type { MergeDeps, QueueProject } from './project.js';
import { requireTarget } from './require-target.js';

/**
 * Lands by the forge's own merge, for branches whose rules let nobody push. It guards the head and nothing else, so the
 * base is read just before; what it made is compared with what was tested afterwards, by `checkLanding`.
 */
export async function landByApi(
  { forge }: MergeDeps,
  opened: QueueProject,
  input: LandInput & { readonly tip: string },
  signal: AbortSignal,
): Promise<LandOutcome> {
  const { projectId, branch, target, members } = input;
  const [member, more] = members;
  if (member === undefined || more !== undefined)
    throw new Failure('InvalidState', 'the forge merges one pull request at a time');
  const pr = await forge.readPullRequest(projectId, member.prNumber, signal);
  // An earlier attempt whose answer was lost, or somebody's click: either way it is there.
  if (pr.state === 'merged' && pr.mergeCommitSha !== null) {
    const tip = await fetchBranch(opened.mirror, opened.remote, branch, signal);
    if (await contains(opened, tip, pr.mergeCommitSha, signal)) return { kind: 'landed', commit: pr.mergeCommitSha };
    throw new Failure('Unavailable', `the merge of #${member.prNumber} is not on ${branch} yet`);
  }
  if (input.tip !== target.base) return { kind: 'baseMoved', tip: input.tip };
  if (pr.isHeadGone) return { kind: 'headGone' };
  if (pr.headSha !== member.headSha) return { kind: 'headMoved', headSha: pr.headSha };
  await requireTarget(opened, input, signal);
  const { message } = await readCommit(opened.mirror, target.commit, signal);
  const merged = await forge.mergePullRequest(projectId, member.prNumber, { headSha: member.headSha, message }, signal);
  switch (merged.kind) {
    case 'merged':
      return { kind: 'landed', commit: merged.commit };
    case 'headMoved':
      return { kind: 'headMoved', headSha: (await forge.readPullRequest(projectId, member.prNumber, signal)).headSha };
    case 'refused':
      return { kind: 'forbidden', message: merged.message };
  }
}
