import { FAILURES, Failure } from '../../../domain/failures.js';
import type { HintSubject } from '../../../domain/forge/hint.js';
import { closeDeliveries, countAttempt, type HintSource, listOpenDeliveries } from './delivery.repository.js';
import type { Looks, Watched } from './ports.js';

const BATCH = 200;

/**
 * Handles every delivery from there that waits for the project. Several of one subject are one look: it reads what is
 * there now.
 */
export async function applyHints(watched: Watched, looks: Looks, source: HintSource): Promise<void> {
  const { pools } = watched.deps;
  for (;;) {
    const deliveries = await listOpenDeliveries(pools.writes, { projectId: watched.projectId, source, limit: BATCH });
    if (deliveries.length === 0) return;
    const bySubject = new Map<string, { readonly subject: HintSubject; readonly ids: string[] }>();
    for (const { deliveryId, hint } of deliveries) {
      const subject = hint.subject;
      const key = JSON.stringify(subject.kind === 'branch' ? { ...subject, before: '', after: '' } : subject);
      const group = bySubject.get(key) ?? { subject, ids: [] };
      group.ids.push(deliveryId);
      bySubject.set(key, group);
    }
    for (const { subject, ids } of bySubject.values()) await applyOne(watched, looks, subject, ids);
  }
}

async function applyOne(watched: Watched, looks: Looks, subject: HintSubject, ids: readonly string[]): Promise<void> {
  const { writes } = watched.deps.pools;
  watched.signal.throwIfAborted();
  try {
    await closeDeliveries(writes, ids, await look(watched, looks, subject));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // What repeating does not mend, such as a subject that is gone, must not hold up the deliveries behind it.
    if (!FAILURES[error.type].retryable) return await closeDeliveries(writes, ids, error.type);
    await countAttempt(writes, ids, error.type);
    throw error;
  }
}

async function look(watched: Watched, looks: Looks, subject: HintSubject): Promise<string> {
  switch (subject.kind) {
    case 'issue':
      return await looks.issue(watched, subject);
    case 'comment':
      return await looks.comment(watched, subject);
    case 'pull_request':
      return await looks.pull_request(watched, subject);
    case 'commit':
      return await looks.commit(watched, subject);
    case 'rerun':
      return await looks.rerun(watched, subject);
    case 'branch':
      return await looks.branch(watched, subject);
    case 'tracked_issue':
      return await looks.tracked_issue(watched, subject);
    case 'tracked_comment':
      return await looks.tracked_comment(watched, subject);
    case 'none':
      return 'noted';
  }
}
