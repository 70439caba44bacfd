import type { Queryable } from '../../../infra/pg/statement.js';
import type { QueueGate, TaskGate } from './texts.js';

const MOST = 500;

/**
 * Tasks whose head was verified, with the newest verdict of each check on it. While they are worked on, the newest
 * verdict is about an earlier head.
 */
export async function listTaskGates(db: Queryable, projectId: string): Promise<readonly TaskGate[]> {
  const { rows } = await db.query<TaskGate>({
    name: 'list-task-gates',
    text: `SELECT t.id AS "taskId", t.head_sha AS "headSha",
             jsonb_agg(jsonb_build_object('name', v.check_name, 'outcome', v.outcome, 'tree', v.tree,
               'ms', v.duration_ms, 'failedTests', v.failed_tests) ORDER BY v.check_name) AS checks
           FROM task t JOIN LATERAL (
             SELECT DISTINCT ON (check_name) check_name, outcome, tree, duration_ms, failed_tests FROM evidence
             WHERE project_id = $1 AND voided_at IS NULL AND build_id LIKE 'task/' || t.id || '/%'
             ORDER BY check_name, created_at DESC LIMIT 50) v ON true
           WHERE t.project_id = $1 AND t.pr_number IS NOT NULL AND t.head_sha IS NOT NULL
             AND t.state IN ('REVIEW', 'COMPLETED')
             AND t.updated_at > now() - interval '1 day'
           GROUP BY t.id ORDER BY t.id LIMIT ${MOST}`,
    values: [projectId],
  });
  return rows;
}

/** Entries that wait, and those decided a short while ago. */
export async function listQueueGates(db: Queryable, projectId: string): Promise<readonly QueueGate[]> {
  const { rows } = await db.query<QueueGate>({
    name: 'list-queue-gates',
    text: `SELECT id AS "entryId", head_sha AS "headSha", branch, state, reason, landed_sha AS "landedSha"
           FROM queue_entry
           WHERE project_id = $1 AND (decided_at IS NULL OR decided_at > now() - interval '1 day')
           ORDER BY enqueued_at DESC LIMIT ${MOST}`,
    values: [projectId],
  });
  return rows;
}

export async function listShown(db: Queryable, projectId: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ readonly subject: string; readonly digest: string }>({
    name: 'list-shown-gates',
    text: `SELECT subject, digest FROM forge_shown WHERE project_id = $1 AND shown_at > now() - interval '30 days'`,
    values: [projectId],
  });
  return new Map(rows.map(({ subject, digest }) => [subject, digest]));
}

export async function saveShown(
  db: Queryable,
  { projectId, subject, digest }: { readonly projectId: string; readonly subject: string; readonly digest: string },
): Promise<void> {
  await db.query({
    name: 'save-shown-gate',
    text: `INSERT INTO forge_shown (project_id, subject, digest) VALUES ($1, $2, $3)
           ON CONFLICT (project_id, subject) DO UPDATE SET digest = $3, shown_at = now()`,
    values: [projectId, subject, digest],
  });
}
