import { Failure } from '../../domain/failures.js';
import { addsNothing } from '../../infra/git/adds-nothing.js';
import { dropCheckpoint } from '../../infra/git/checkpoint.js';
import { importSource } from '../../infra/git/import.js';
import { fetchBranch } from '../../infra/git/mirror.js';
import { requireCommits } from '../../infra/git/mirrors.js';
import { hasCommit, isAncestor } from '../../infra/git/objects.js';
import { pushOwnRef } from '../../infra/git/push.js';
import { branchRef } from '../../infra/git/refs.js';
import { readTip } from '../../infra/git/remote-refs.js';
import type { GitRemote, Repository } from '../../infra/git/repository.js';
import { parseSource } from '../../infra/git/source.js';
import type { RepositoryActivities } from '../../workflows/contract/activities/git.js';
import type { Tuning } from '../../workflows/contract/tuning.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { cleanRepository } from './clean-repository.js';
import { findGitProject, keepBaseBranch } from './git-project.repository.js';
import { type InspectionDeps, inspectProject } from './inspect-project.js';
import { findLaneTip, findLost, saveBaseSeen, startQueueOf } from './known-base.js';
import { tellingTrouble } from './telling-trouble.js';

export interface RepositoryDeps extends InspectionDeps {
  /** Sources must lie outside of it. */
  readonly dataDirectory: string;
  /** Of the queues that are started here. */
  readonly tuning: Tuning;
}

/** For the shared queue. Refs are pushed under leases and read back; a repeat finds what is done. */
export const createRepositoryActivities = (deps: RepositoryDeps): RepositoryActivities => {
  const places = async (
    projectId: string,
    signal: AbortSignal,
  ): Promise<{ mirror: Repository; remote: GitRemote }> => ({
    mirror: await deps.mirrors.ensure(projectId, signal),
    remote: await deps.forge.remote(projectId),
  });

  return {
    importSource: ({ projectId }) =>
      withHeartbeat((signal) =>
        tellingTrouble(deps.pools.writes, projectId, async () => {
          const { writes } = deps.pools;
          const project = await findGitProject(writes, projectId);
          const history = await deps.forge.prepare(projectId, signal);
          const { mirror, remote } = await places(projectId, signal);
          if (history.kind === 'own') {
            const baseBranch = project.baseBranch ?? history.defaultBranch;
            // Its rules are read before the row is written as a whole.
            if (project.baseBranch === null) await keepBaseBranch(writes, projectId, baseBranch);
            // Read before the branch is: what our own queue lands meanwhile is not lost.
            const known = [await findLaneTip(writes, projectId, baseBranch), project.tipSha];
            const tip = await fetchBranch(mirror, remote, baseBranch, signal);
            const isDefault = (remote.names?.here(history.defaultBranch) ?? history.defaultBranch) === baseBranch;
            await saveBaseSeen(writes, { projectId, isDefault });
            // Before the row forgets what it knew. A queue that lives sees the same by itself.
            const knownTip = await findLost(mirror, tip, known, signal);
            if (knownTip !== undefined)
              await startQueueOf(writes, { projectId, branch: baseBranch, knownTip, tuning: deps.tuning });
            return { baseBranch, tip, moved: tip !== project.tipSha, isShared: true };
          }
          const { branch, tip, moved } = await importSource(mirror, {
            source: parseSource(project.source),
            dataDirectory: deps.dataDirectory,
            ...(project.baseBranch === null ? {} : { branch: project.baseBranch }),
            remote,
            signal,
          });
          return { baseBranch: branch, tip, moved };
        }),
      ),

    inspectProject: (input) => withHeartbeat((signal) => inspectProject(deps, input, signal)),

    readTip: ({ projectId, branch }) =>
      withHeartbeat(async (signal) => {
        const { mirror, remote } = await places(projectId, signal);
        return { sha: (await readTip(mirror, remote, branch, signal)) ?? null };
      }),

    createBranch: ({ projectId, branch, from }) =>
      withHeartbeat(async (signal) => {
        const { mirror, remote } = await places(projectId, signal);
        const there = await readTip(mirror, remote, branch, signal);
        if (there !== undefined) return { sha: there };
        const sha = await fetchBranch(mirror, remote, from, signal);
        await pushOwnRef(mirror, remote, { ref: branchRef(branch), to: sha, expected: undefined }, signal);
        return { sha };
      }),

    deleteMergedBranch: ({ projectId, branch, target, mergedSha }) =>
      withHeartbeat(async (signal) => {
        const { mirror, remote } = await places(projectId, signal);
        const held = await fetchBranch(mirror, remote, target, signal);
        const isMerged =
          (await hasCommit(mirror, mergedSha, signal)) && (await isAncestor(mirror, mergedSha, held, signal));
        if (!isMerged) return { deleted: false };
        const tip = await readTip(mirror, remote, branch, signal);
        if (tip === undefined) return { deleted: true };
        await requireCommits(mirror, remote, [tip], signal);
        // Somebody pushed on after the merge: that work is nowhere else. What another had landed already is there.
        if (!(await addsNothing(mirror, mergedSha, tip, signal)) && !(await isAncestor(mirror, tip, held, signal)))
          return { deleted: false };
        await pushOwnRef(mirror, remote, { ref: branchRef(branch), to: undefined, expected: tip }, signal);
        return { deleted: true };
      }),

    dropBranch: ({ projectId, branch, taskId }) =>
      withHeartbeat(async (signal) => {
        const { mirror, remote } = await places(projectId, signal);
        const tip = await readTip(mirror, remote, branch, signal);
        if (tip !== undefined)
          await pushOwnRef(mirror, remote, { ref: branchRef(branch), to: undefined, expected: tip }, signal);
        if (taskId !== undefined) await dropCheckpoint(mirror, taskId, signal);
      }),

    dropCheckpoints: ({ projectId, taskId }) =>
      withHeartbeat(async (signal) => {
        const mirror = await deps.mirrors.ensure(projectId, signal);
        await dropCheckpoint(mirror, taskId, signal);
      }),

    isContained: ({ projectId, tip, head }) =>
      withHeartbeat(async (signal) => {
        const { mirror, remote } = await places(projectId, signal);
        await requireCommits(mirror, remote, [tip, head], signal);
        return await addsNothing(mirror, tip, head, signal);
      }),

    cleanRepository: ({ projectId }) =>
      withHeartbeat(async (signal) => {
        try {
          return { removed: await cleanRepository(deps, projectId, signal) };
        } catch (error) {
          // A project whose import never came so far has nothing to clean.
          if (error instanceof Failure && error.type === 'NotFound') return { removed: 0 };
          throw error;
        }
      }),
  };
};
