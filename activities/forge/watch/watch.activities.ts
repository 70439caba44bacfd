import type { ForgeLook, ForgeWatchActivities } from '../../../workflows/contract/activities/forge-watch.js';
import { withHeartbeat } from '../../support/heartbeat.js';
import { lookAtRerun } from '../gates/rerun.js';
import { showGates } from '../gates/show-gates.js';
import { applyHints } from './apply-hints.js';
import { lookAtBranch, reconcileBranches } from './branches.js';
import { lookAtCommit } from './commits.js';
import { askForFailedDeliveries } from './failed-deliveries.js';
import {
  lookAtHintedComment,
  lookAtHintedIssue,
  lookAtTrackedComment,
  lookAtTrackedIssue,
  reconcileTrackers,
  reportToTrackers,
} from './issues.js';
import type { Looks, Reconciliation, WatchDeps, Watched } from './ports.js';
import { lookAtPullRequest, reconcilePullRequests } from './pull-requests.js';
import { followRename } from './renames.js';
import { findWatchedProject } from './watch.repository.js';

const LOOKS: Looks = {
  pull_request: lookAtPullRequest,
  branch: lookAtBranch,
  issue: lookAtHintedIssue,
  comment: lookAtHintedComment,
  tracked_issue: lookAtTrackedIssue,
  tracked_comment: lookAtTrackedComment,
  commit: lookAtCommit,
  rerun: lookAtRerun,
};

/** Where others push too. In this order, so that what deliveries named is not read twice. */
const OF_FORGE: readonly Reconciliation[] = [askForFailedDeliveries, reconcileBranches, reconcilePullRequests];
const OF_TRACKERS: readonly Reconciliation[] = [reconcileTrackers, reportToTrackers];

/** For the shared queue. Rows and outbox only: whoever is told looks for himself. */
export const createForgeWatchActivities = (deps: WatchDeps): ForgeWatchActivities => {
  const looking = (projectId: string, work: (watched: Watched) => Promise<void>): Promise<ForgeLook> =>
    withHeartbeat(async (signal) => {
      const before = await findWatchedProject(deps.pools.writes, projectId);
      if (before === undefined) return { kind: 'gone' };
      await work({ deps, projectId, signal, isShared: before.isShared });
      const after = await findWatchedProject(deps.pools.writes, projectId);
      return { kind: after === undefined ? 'gone' : after.hasOpenWork ? 'open' : 'idle' };
    });
  return {
    applyHints: ({ projectId }) =>
      looking(projectId, async (watched) => {
        await applyHints(watched, LOOKS);
        await reportToTrackers(watched);
        if (watched.isShared) await showGates(watched);
      }),
    reconcileForge: ({ projectId }) =>
      looking(projectId, async (watched) => {
        // First: until the name is right, deliveries that need git cannot be handled.
        await followRename(watched);
        await applyHints(watched, LOOKS);
        const { isShared } = watched;
        const all = isShared ? [...OF_FORGE, ...OF_TRACKERS, showGates] : OF_TRACKERS;
        for (const reconcile of all) await reconcile(watched);
      }),
  };
};
