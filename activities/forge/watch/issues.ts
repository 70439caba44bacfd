import { Failure } from '../../../domain/failures.js';
import type { IssueTracker, TrackerKind } from '../../../infra/forge/issues.js';
import { lookAtComment } from '../issues/look-at-comment.js';
import { lookAtIssue } from '../issues/look-at-issue.js';
import type { Intake } from '../issues/ports.js';
import { reconcileIssues } from '../issues/reconcile-issues.js';
import { report } from '../issues/report.js';
import type { Look, Reconciliation, Watched } from './ports.js';
import { isTeamUnknown, saveProblem } from './watch.repository.js';

export const lookAtHintedIssue: Look<'issue'> = (watched, { number }) =>
  withTracker(watched, 'github', (intake) => lookAtIssue(intake, String(number)));

export const lookAtHintedComment: Look<'comment'> = (watched, { id }) =>
  withTracker(watched, 'github', (intake) => lookAtComment(intake, String(id)));

export const lookAtTrackedIssue: Look<'tracked_issue'> = (watched, { tracker, key }) =>
  withTracker(watched, tracker, (intake) => lookAtIssue(intake, key));

export const lookAtTrackedComment: Look<'tracked_comment'> = (watched, { tracker, id }) =>
  withTracker(watched, tracker, (intake) => lookAtComment(intake, id));

export const reconcileTrackers: Reconciliation = (watched) =>
  withEachTracker(watched, async (intake) => {
    await reconcileIssues(intake);
    // Whoever was read has no problem any more; a look that asks nothing would not know.
    await saveProblem(watched.deps.pools.writes, watched.projectId, intake.tracker.kind, null);
  });

/** One that was linked a moment ago: whoever did it wants to know whether its team is there. */
export const lookAtNewTrackers: Reconciliation = async (watched) => {
  if (await isTeamUnknown(watched.deps.pools.writes, watched.projectId)) await reconcileTrackers(watched);
};

/** What is to be seen of it at the trackers; last, after everything that changes it. */
export const reportToTrackers: Reconciliation = (watched) => withEachTracker(watched, report);

async function withTracker(
  watched: Watched,
  kind: TrackerKind,
  work: (intake: Intake) => Promise<string>,
): Promise<string> {
  const tracker = (await trackersOf(watched)).find((one) => one.kind === kind);
  return tracker === undefined ? 'ignored' : await at(watched, tracker, work);
}

/** One that does not answer keeps nothing from the others. @throws what the first one threw */
async function withEachTracker(watched: Watched, work: (intake: Intake) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const tracker of await trackersOf(watched)) {
    try {
      await at(watched, tracker, work);
    } catch (error) {
      watched.signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * What repeating does not mend keeps nothing else from its work. An App of the forge that was not given the issues
 * serves for everything else; a tracker beside the forge may refuse its key, or have no such team.
 */
const isClosedToUs = (kind: TrackerKind, { type, details }: Failure): boolean =>
  (type === 'PermissionDenied' && (details.reason === 'FORBIDDEN' || kind !== 'github')) ||
  details.reason === 'NO_TEAM';

const trackersOf = async ({ deps, projectId }: Watched): Promise<readonly IssueTracker[]> =>
  (await deps.issues?.trackersOf(projectId)) ?? [];

async function at<T>(
  watched: Watched,
  tracker: IssueTracker,
  work: (intake: Intake) => Promise<T>,
): Promise<T | 'ignored'> {
  const { issues } = watched.deps;
  if (issues === undefined) return 'ignored';
  const { pools } = watched.deps;
  try {
    return await work({ ...watched, issues, tracker });
  } catch (error) {
    if (!(error instanceof Failure) || !isClosedToUs(tracker.kind, error)) throw error;
    await saveProblem(pools.writes, watched.projectId, tracker.kind, error.message);
    return 'ignored';
  }
}
