import type { ForgeLook, ForgeWatchActivities } from '../../../workflows/contract/activities/forge-watch.js';
import { withHeartbeat } from '../../support/heartbeat.js';
import { lookAtRerun } from '../gates/rerun.js';
import { showGates } from '../gates/show-gates.js';
import { applyHints } from './apply-hints.js';
import { lookAtBranch, reconcileBranches } from './branches.js';
import { lookAtCommit } from './commits.js';
import type { HintSource } from './delivery.repository.js';
import { askForFailedDeliveries } from './failed-deliveries.js';
import {
  lookAtHintedComment,
  lookAtHintedIssue,
  lookAtNewTrackers,
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

const applyHintsOf =
  (source: HintSource): Reconciliation =>
  (watched) =>
    applyHints(watched, LOOKS, source);

/** Where others push too. In this order, so that what deliveries named is not read twice. */
const OF_FORGE: readonly Reconciliation[] = [reconcileBranches, reconcilePullRequests];

const lookAtForge: Reconciliation = async (watched) => {
  // First: until the name is right, deliveries that need git cannot be handled.
  await followRename(watched);
  await applyHints(watched, LOOKS, 'forge');
  for (const reconcile of watched.isShared ? OF_FORGE : []) await reconcile(watched);
};

const ofShared =
  (reconcile: Reconciliation): Reconciliation =>
  async (watched) => {
    if (watched.isShared) await reconcile(watched);
  };

/** Of deliveries alone. */
const AFTER_HINT: readonly Reconciliation[] = [
  applyHintsOf('forge'),
  applyHintsOf('tracker'),
  lookAtNewTrackers,
  reportToTrackers,
  ofShared(showGates),
];
const EVERYTHING: readonly Reconciliation[] = [
  lookAtForge,
  ofShared(askForFailedDeliveries),
  applyHintsOf('tracker'),
  reconcileTrackers,
  reportToTrackers,
  ofShared(showGates),
];

/** A forge or a tracker that does not answer keeps nothing from the others. @throws what the first one threw */
const eachInTurn = async (watched: Watched, all: readonly Reconciliation[]): Promise<void> => {
  const failures: unknown[] = [];
  for (const reconcile of all) {
    try {
      await reconcile(watched);
    } catch (error) {
      watched.signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
};

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
    applyHints: ({ projectId }) => looking(projectId, (watched) => eachInTurn(watched, AFTER_HINT)),
    reconcileForge: ({ projectId }) => looking(projectId, (watched) => eachInTurn(watched, EVERYTHING)),
  };
};
