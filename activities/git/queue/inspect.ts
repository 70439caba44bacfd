import { TOUCHES_ALL } from '../../../domain/merge/config.js';
import type { PullRequest } from '../../../infra/forge/port.js';
import { mergeTrees } from '../../../infra/git/merge.js';
import { fetchBranch } from '../../../infra/git/mirror.js';
import { requireCommits } from '../../../infra/git/mirrors.js';
import { firstParents, hasCommit, isAncestor } from '../../../infra/git/objects.js';
import { patchId } from '../../../infra/git/patch-id.js';
import type { InspectInput, InspectOutcome } from '../../../workflows/contract/activities/merge.js';
import { findEntryRow } from '../../store/queue.repository.js';
import { findPullRequest, whyNotAdmissible } from './guards.js';
import { type MergeDeps, openProject, type QueueProject, queueConfigAt } from './project.js';
import { scoreOf } from './score.js';

/** Everything the queue must know of a pull request before it may become a head. Changes nothing. */
export async function inspectEntry(deps: MergeDeps, input: InspectInput, signal: AbortSignal): Promise<InspectOutcome> {
  const { projectId, branch, entryId, prNumber } = input;
  const row = await findEntryRow(deps.pools.writes, entryId);
  if (row?.state === 'landed' || row?.state === 'ejected' || row?.state === 'withdrawn')
    return { kind: 'ended', state: row.state, ...(row.landedSha ? { mergeSha: row.landedSha } : {}) };
  const opened = await openProject(deps, projectId, signal);
  const tip = await fetchBranch(opened.mirror, opened.remote, branch, signal);
  // An earlier life of the queue may have pushed and died before it said so.
  if (row?.landing && (await contains(opened, tip, row.landing.commit, signal)))
    return { kind: 'landed', mergeSha: row.landing.commit, external: false };
  const pr = await findPullRequest(deps.forge, projectId, prNumber, signal);
  if (pr && (await contains(opened, tip, pr.headSha, signal)))
    return { kind: 'landed', mergeSha: await mergeOf(opened, tip, pr.headSha, signal), external: true };
  const refused = whyNotAdmissible(pr, branch, await queueConfigAt(opened, tip, signal));
  if (refused || !pr) return { kind: 'refused', reason: refused ?? 'PR_CLOSED' };
  return describe(deps, opened, { ...input, pr, tip: input.tip || tip }, signal);
}

async function describe(
  deps: MergeDeps,
  opened: QueueProject,
  { projectId, headSha: expected, patchId: known, tip, pr }: InspectInput & { readonly pr: PullRequest },
  signal: AbortSignal,
): Promise<InspectOutcome> {
  const { mirror, remote } = opened;
  const { headSha } = pr;
  await requireCommits(mirror, remote, [tip, headSha], signal);
  const actual = await patchId(mirror, tip, headSha, signal);
  const wanted = known ?? (await patchOf(opened, { tip, head: expected, same: expected === headSha, actual }, signal));
  if (wanted !== actual) return { kind: 'headChanged', headSha };
  const merged = await mergeTrees(mirror, tip, headSha, signal);
  return {
    kind: 'ready',
    headSha,
    patchId: actual,
    title: pr.title,
    touch: TOUCHES_ALL,
    score: await scoreOf(deps.pools.writes, projectId),
    ...(merged.kind === 'conflict' ? { conflict: merged.files } : {}),
  };
}

/** The change that was enqueued. A head that was pushed over and is on no branch any more is another change. */
async function patchOf(
  { mirror }: QueueProject,
  {
    tip,
    head,
    same,
    actual,
  }: { readonly tip: string; readonly head: string; readonly same: boolean; readonly actual: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (same) return actual;
  return (await hasCommit(mirror, head, signal)) ? await patchId(mirror, tip, head, signal) : undefined;
}

export const contains = async (
  { mirror }: QueueProject,
  tip: string,
  commit: string,
  signal: AbortSignal,
): Promise<boolean> => (await hasCommit(mirror, commit, signal)) && (await isAncestor(mirror, commit, tip, signal));

/** First-parent commit that brought `head` to the branch: the oldest that contains it, found by halving the line. */
async function mergeOf({ mirror }: QueueProject, tip: string, head: string, signal: AbortSignal): Promise<string> {
  const line = await firstParents(mirror, { base: head, tip, signal });
  let [newest, oldest] = [0, line.length];
  while (newest < oldest) {
    const middle = Math.floor((newest + oldest) / 2);
    const commit = line[middle] ?? tip;
    if (await isAncestor(mirror, head, commit, signal)) newest = middle + 1;
    else oldest = middle;
  }
  return line[newest - 1] ?? head;
}
