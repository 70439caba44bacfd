import { Failure } from '../../../domain/failures.js';
import { lookAtComment } from '../issues/look-at-comment.js';
import { lookAtIssue } from '../issues/look-at-issue.js';
import type { Intake } from '../issues/ports.js';
import { reconcileIssues } from '../issues/reconcile-issues.js';
import { report } from '../issues/report.js';
import type { Look, Reconciliation, Watched } from './ports.js';

export const lookAtHintedIssue: Look<'issue'> = (watched, { number }) =>
  withTracker(watched, (intake) => lookAtIssue(intake, number));

export const lookAtHintedComment: Look<'comment'> = (watched, { id }) =>
  withTracker(watched, (intake) => lookAtComment(intake, id));

export const reconcileTracker: Reconciliation = async (watched) => {
  await withTracker(watched, reconcileIssues);
};

/** What is to be seen of it at the forge; last, after everything that changes it. */
export const reportToTracker: Reconciliation = async (watched) => {
  await withTracker(watched, report);
};

async function withTracker<T>(watched: Watched, work: (intake: Intake) => Promise<T>): Promise<T | 'ignored'> {
  const { issues } = watched.deps;
  if (issues === undefined) return 'ignored';
  try {
    return await work({ ...watched, issues });
  } catch (error) {
    // An App that was not given the issues serves for everything else.
    if (error instanceof Failure && error.type === 'PermissionDenied' && error.details.reason === 'FORBIDDEN')
      return 'ignored';
    throw error;
  }
}
