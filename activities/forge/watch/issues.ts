import { Failure } from '../../../domain/failures.js';
import type { IssueTracker, TrackerKind } from '../../../infra/forge/issues.js';
import { lookAtComment } from '../issues/look-at-comment.js';
import { lookAtIssue } from '../issues/look-at-issue.js';
import type { Intake } from '../issues/ports.js';
import { reconcileIssues } from '../issues/reconcile-issues.js';
import { report } from '../issues/report.js';
import type { Look, Reconciliation, Watched } from './ports.js';

export const lookAtHintedIssue: Look<'issue'> = (watched, { number }) =>
  withTracker(watched, 'github', (intake) => lookAtIssue(intake, String(number)));

export const lookAtHintedComment: Look<'comment'> = (watched, { id }) =>
  withTracker(watched, 'github', (intake) => lookAtComment(intake, String(id)));

export const reconcileTrackers: Reconciliation = (watched) => withEachTracker(watched, reconcileIssues);

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

const trackersOf = async ({ deps, projectId }: Watched): Promise<readonly IssueTracker[]> =>
  (await deps.issues?.trackersOf(projectId)) ?? [];

async function at<T>(
  watched: Watched,
  tracker: IssueTracker,
  work: (intake: Intake) => Promise<T>,
): Promise<T | 'ignored'> {
  const { issues } = watched.deps;
  if (issues === undefined) return 'ignored';
  try {
    return await work({ ...watched, issues, tracker });
  } catch (error) {
    // An App that was not given the issues serves for everything else.
    if (error instanceof Failure && error.type === 'PermissionDenied' && error.details.reason === 'FORBIDDEN')
      return 'ignored';
    throw error;
  }
}
