import type { ForgeLook, ForgeWatchActivities } from '../../../workflows/contract/activities/forge-watch.js';
import { withHeartbeat } from '../../support/heartbeat.js';
import { showGates } from '../gates/show-gates.js';
import { applyHints } from './apply-hints.js';
import { lookAtBranch, reconcileBranches } from './branches.js';
import { lookAtCommit } from './commits.js';
import { askForFailedDeliveries } from './failed-deliveries.js';
import { lookAtHintedComment, lookAtHintedIssue, reconcileTrackers, reportToTrackers } from './issues.js';
import type { Looks, Reconciliation, WatchDeps, Watched } from './ports.js';
import { lookAtPullRequest, reconcilePullRequests } from './pull-requests.js';
import { followRename } from './renames.js';
import { findWatchedProject } from './watch.repository.js';

const LOOKS: Looks = {
  pull_request: lookAtPullRequest,
  branch: lookAtBranch,
  issue: lookAtHintedIssue,
  comment: lookAtHintedComment,
  commit: lookAtCommit,
};

/** In this order, so that what deliveries named is not read twice. */
const RECONCILIATIONS: readonly Reconciliation[] = [
  askForFailedDeliveries,
  reconcileBranches,
  reconcilePullRequests,
  reconcileTrackers,
  reportToTrackers,
  showGates,
];

/** For the shared queue. Rows and outbox only: whoever is told looks for himself. */
export const createForgeWatchActivities = (deps: WatchDeps): ForgeWatchActivities => {
  const looking = (projectId: string, work: (watched: Watched) => Promise<void>): Promise<ForgeLook> =>
    withHeartbeat(async (signal) => {
      if ((await findWatchedProject(deps.pools.writes, projectId)) === undefined) return { kind: 'gone' };
      await work({ deps, projectId, signal });
      const after = await findWatchedProject(deps.pools.writes, projectId);
      return { kind: after === undefined ? 'gone' : after.hasOpenWork ? 'open' : 'idle' };
    });
  return {
    applyHints: ({ projectId }) =>
      looking(projectId, async (watched) => {
        await applyHints(watched, LOOKS);
        await reportToTrackers(watched);
        await showGates(watched);
      }),
    reconcileForge: ({ projectId }) =>
      looking(projectId, async (watched) => {
        // First: until the name is right, deliveries that need git cannot be handled.
        await followRename(watched);
        await applyHints(watched, LOOKS);
        for (const reconcile of RECONCILIATIONS) await reconcile(watched);
      }),
  };
};
