import { activityInfo } from '@temporalio/activity';
import { checkFence } from '../../infra/git/fence.js';
import { requireCommits } from '../../infra/git/mirrors.js';
import { prepareRebase } from '../../infra/git/rebase.js';
import type { TreeActivities } from '../../workflows/contract/activities/git.js';
import { withAttempt } from '../../workflows/contract/fence.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { acquireTree, installSetup } from './acquire-tree.js';
import { cleanHost } from './clean-host.js';
import { commitRound } from './commit-round.js';
import type { TreeDeps } from './ports.js';

/** The attempt's own fence: a later attempt of the same activity shuts this one out. */
const attemptFence = (fence: string): string => withAttempt(fence, activityInfo().attempt);

/** For a host's own queue. Each may be repeated: it finds what an earlier attempt did, or does it again alike. */
export const createTreeActivities = (deps: TreeDeps): TreeActivities => ({
  acquireTree: (input) =>
    withHeartbeat((signal) => acquireTree(deps, { ...input, attemptFence: attemptFence(input.fence) }, signal)),

  prepareRebase: ({ treeId, projectId, fence, tip, headSha }) =>
    withHeartbeat(async (signal) => {
      const { tree } = await deps.trees.open(treeId);
      const repository = await deps.mirrors.ensure(projectId, signal);
      await requireCommits(repository, await deps.forge.remote(projectId), [tip, headSha], signal);
      await checkFence(tree, attemptFence(fence));
      const prepared = await prepareRebase(repository, { trees: deps.trees, treeId, tip, headSha, signal });
      await installSetup(deps, { repository, projectId, treeId, commit: tip }, signal);
      return prepared;
    }),

  /** The date is the time of scheduling, which all attempts share: a repeat makes the same commit. */
  commitRound: (input) =>
    withHeartbeat((signal) => {
      const atSeconds = Math.floor(activityInfo().scheduledTimestampMs / 1_000);
      return commitRound(deps, { ...input, attemptFence: attemptFence(input.fence), atSeconds }, signal);
    }),

  releaseTree: ({ treeId, projectId, ownerId }) =>
    withHeartbeat(async (signal) => {
      const repository = await deps.mirrors.ensure(projectId, signal);
      await deps.sandbox.endSessions(deps.trees.store.live(treeId).source);
      await deps.trees.release(treeId, { ownerId, repository });
    }),

  cleanHost: () => withHeartbeat(async (signal) => ({ removed: await cleanHost(deps, signal) })),
});
