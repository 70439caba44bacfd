import { createHash } from 'node:crypto';
import { log } from '@temporalio/activity';
import { FAILURES, Failure } from '../../../domain/failures.js';
import type { GateReport } from '../../../infra/forge/gate-reports.js';
import type { Reconciliation } from '../watch/ports.js';
import { listQueueGates, listShown, listTaskGates, saveShown } from './gates.repository.js';
import { checksReport, queueReport } from './texts.js';

/**
 * Shows on each pull request's head what our gates say, where that is not what was shown last. Work never waits for
 * it: what could not be shown is tried again by the next look.
 */
export const showGates: Reconciliation = async ({ deps, projectId, signal }) => {
  const { gates, pools } = deps;
  if (gates === undefined) return;
  const shown = await listShown(pools.writes, projectId);
  const reports = [
    ...(await listTaskGates(pools.writes, projectId)).map(checksReport),
    ...(await listQueueGates(pools.writes, projectId)).map(queueReport),
  ];
  for (const report of reports) {
    signal.throwIfAborted();
    const subject = `${report.name} ${report.headSha} ${report.externalId}`;
    const digest = digestOf(report);
    if (shown.get(subject) === digest) continue;
    try {
      await gates.show(projectId, report, signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      log.warn('a gate could not be shown', {
        gate: report.name,
        type: error.type,
        reason: error.details.reason ?? '',
      });
      // A limit or an outage is everybody's. A refusal, as of a commit that is gone, is this one's, and stays.
      if (FAILURES[error.type].retryable || error.type === 'PermissionDenied') return;
    }
    await saveShown(pools.writes, { projectId, subject, digest });
  }
};

const digestOf = (report: GateReport): string => createHash('sha256').update(JSON.stringify(report)).digest('hex');
