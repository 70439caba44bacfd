import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../domain/failures.js';
import type { Forge } from '../../infra/forge/port.js';
import { mergeTrees } from '../../infra/git/merge.js';
import { fetchBranch } from '../../infra/git/mirror.js';
import { requireCommits } from '../../infra/git/mirrors.js';
import { hasCommit, isAncestor } from '../../infra/git/objects.js';
import type { MarkLandedInput, MergeActivities, SweepOutcome } from '../../workflows/contract/activities/merge.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { findLaneTip, findLost } from './known-base.js';
import { certify, storedRed } from './queue/certificate.js';
import { composeCandidate, composeOn } from './queue/compose.js';
import { inspectEntry } from './queue/inspect.js';
import { checkLanding, landHead, prepareLanding } from './queue/landing.js';
import { type MergeDeps, openProject, queueConfigAt } from './queue/project.js';

const MARKED_WITHIN_MS = 60_000;

/** Git and forge effects of the merge queue. Each is read-only or reads back before it writes. */
export const createMergeActivities = (deps: MergeDeps): MergeActivities => ({
  openQueue: ({ projectId, branch, knownTip }) =>
    withHeartbeat((signal) =>
      orGone(async () => {
        const opened = await openProject(deps, projectId, signal);
        const known = [await findLaneTip(deps.pools.writes, projectId, branch), knownTip];
        const tip = await fetchBranch(opened.mirror, opened.remote, branch, signal);
        const cfg = await queueConfigAt(opened, tip, signal);
        const lostTip = await findLost(opened.mirror, tip, known, signal);
        const { name: projectName } = opened.project;
        return { kind: 'open' as const, tip, cfg, projectName, ...(lostTip === undefined ? {} : { lostTip }) };
      }),
    ),
  readQueueRemote: ({ projectId, branch, tip: known }) =>
    withHeartbeat((signal) =>
      orGone(async () => {
        const opened = await openProject(deps, projectId, signal);
        const { mirror, remote } = opened;
        const tip = await fetchBranch(mirror, remote, branch, signal);
        const cfg = await queueConfigAt(opened, tip, signal);
        if (tip === known) return { kind: 'there' as const, tip, moved: 'no' as const, cfg };
        const forward = (await hasCommit(mirror, known, signal)) && (await isAncestor(mirror, known, tip, signal));
        return { kind: 'there' as const, tip, moved: forward ? ('forward' as const) : ('rewritten' as const), cfg };
      }),
    ),
  inspectEntry: (input) => withHeartbeat((signal) => inspectEntry(deps, input, signal)),
  composeCandidate: (input) => withHeartbeat((signal) => composeCandidate(deps, input, signal)),
  prepareLanding: (input) => withHeartbeat((signal) => prepareLanding(deps, input, signal)),
  landHead: (input) => withHeartbeat((signal) => landHead(deps, input, signal)),
  checkLanding: (input) => withHeartbeat((signal) => checkLanding(deps, input, signal)),
  markLanded: ({ projectId, prNumber, mergeSha }) =>
    withHeartbeat(async (signal) => {
      try {
        await markOrClose(deps.forge, { projectId, prNumber, mergeSha }, signal);
      } catch (error) {
        // Gone, or ended by somebody else: the landing is a fact that a mark neither makes nor unmakes.
        if (error instanceof Failure && (error.type === 'NotFound' || error.type === 'Conflict')) return;
        throw error;
      }
    }),
  sweepMergeability: ({ projectId, tip, entries }) =>
    withHeartbeat(async (signal) => {
      const { mirror, remote } = await openProject(deps, projectId, signal);
      await requireCommits(mirror, remote, [tip], signal);
      const conflicts: SweepOutcome['conflicts'][number][] = [];
      for (const { entryId, headSha } of entries) {
        // A head that is on no branch any more is the inspection's business.
        if (!(await hasCommit(mirror, headSha, signal))) continue;
        const merged = await mergeTrees(mirror, tip, headSha, signal);
        if (merged.kind === 'conflict') conflicts.push({ entryId, headSha, files: merged.files });
      }
      return { conflicts };
    }),
  revalidatePath: ({ projectId, tip, members, tree: built }) =>
    withHeartbeat(async (signal) => {
      const composed = await composeOn(await openProject(deps, projectId, signal), tip, members, signal);
      if (composed.kind !== 'composed') return { kind: 'forget' };
      const { parent, commit, tree } = composed;
      const candidate = { parent, commit, tree };
      const { passed, failed, missing } = await certify(deps, { projectId, base: tip, commit, tree });
      if (missing.length === 0) return { kind: 'passed', candidate, evidence: passed.map((record) => record.id) };
      if (failed.length > 0) return { kind: 'failed', candidate, result: storedRed(failed) };
      return tree === built ? { kind: 'same', candidate } : { kind: 'forget' };
    }),
});

/** The forge has a minute to show the landing by itself; then it is shown for it. */
async function markOrClose(
  forge: Forge,
  { projectId, prNumber, mergeSha }: Pick<MarkLandedInput, 'projectId' | 'prNumber' | 'mergeSha'>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await forge.markMerged(projectId, prNumber, mergeSha, signal);
  } catch (error) {
    const isUnmarked = error instanceof Failure && error.details.reason === 'NOT_MARKED';
    if (!isUnmarked || Date.now() - activityInfo().scheduledTimestampMs < MARKED_WITHIN_MS) throw error;
    await forge.closeLanded(projectId, prNumber, mergeSha, signal);
  }
}

/** No project, or no such branch: nothing can land, which is an answer. */
async function orGone<T>(read: () => Promise<T>): Promise<T | { readonly kind: 'gone'; readonly reason: string }> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return { kind: 'gone', reason: error.message };
    throw error;
  }
}
