import type { Queryable } from '../../../infra/pg/statement.js';
import type { QueueGate, TaskGate } from './texts.js';

const MOST = 500;
/** A verdict that nobody could show for so long is not news any more; what failed is kept for a day. */
const NEWS = '12 hours';
/** How long it is known what was shown. */
const KNOWN = '30 days';

/**
 * Heads of tasks with what their verification came to: every head that was judged lately, and the head that open work
 * has now, judged or not.
 * @param headSha this head alone, however long ago it was judged
 */
export async function listTaskGates(db: Queryable, projectId: string, headSha?: string): Promise<readonly TaskGate[]> {
  const { rows } = await db.query<TaskGate>({
    name: 'list-task-gates',
    text: `SELECT t.id AS "taskId", h.head AS "headSha", h.head = t.head_sha AS "isCurrent", t.state,
             v.position::text AS attempt, v.data->>'outcome' AS outcome, v.data->>'checks' AS "redChecks", coalesce(e.verdicts, '[]') AS verdicts
           FROM task t
           CROSS JOIN LATERAL (
             SELECT t.head_sha AS head WHERE t.state NOT IN ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')
             UNION
             SELECT data->>'head' FROM event
             WHERE task_id = t.id AND type = 'task.checks' AND at > now() - $2::interval) h
           LEFT JOIN LATERAL (
             SELECT position, data FROM event WHERE task_id = t.id AND type = 'task.checks' AND data->>'head' = h.head
             ORDER BY position DESC LIMIT 1) v ON true
           LEFT JOIN LATERAL (
             SELECT jsonb_agg(jsonb_build_object('name', check_name, 'outcome', outcome, 'tree', tree, 'ms', duration_ms,
               'failedTests', failed_tests, 'logRef', log_ref) ORDER BY check_name) AS verdicts
             FROM evidence WHERE id = ANY (string_to_array(v.data->>'evidence', ' ')::uuid[])) e ON true
           WHERE t.project_id = $1 AND h.head IS NOT NULL AND ($3::text IS NULL OR h.head = $3)
             AND (t.state NOT IN ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED') OR t.updated_at > now() - $2::interval)
           ORDER BY t.id, h.head LIMIT ${MOST}`,
    values: [projectId, headSha === undefined ? NEWS : KNOWN, headSha ?? null],
  });
  return rows;
}

/**
 * Of each pull request and head the newest entry that waits, or was decided a short while ago.
 * @param headSha of this head alone, however long ago
 */
export async function listQueueGates(
  db: Queryable,
  projectId: string,
  headSha?: string,
): Promise<readonly QueueGate[]> {
  const { rows } = await db.query<QueueGate>({
    name: 'list-queue-gates',
    text: `SELECT DISTINCT ON (q.pr_number, q.head_sha) q.id AS attempt, q.pr_number AS "prNumber", q.title, q.head_sha AS "headSha",
             q.branch, q.state, q.reason, q.landed_sha AS "landedSha", q.detail->>'tree' AS tree,
             coalesce(q.detail->'failedChecks', '[]') AS "failedChecks", coalesce(q.detail->'files', '[]') AS files,
             EXISTS (SELECT 1 FROM queue_build b WHERE b.project_id = q.project_id AND b.branch = q.branch
                       AND b.started_at >= q.enqueued_at AND q.id = ANY (b.members)) AS "hasBegun"
           FROM queue_entry q
           WHERE q.project_id = $1 AND ($3::text IS NULL OR q.head_sha = $3)
             AND (q.decided_at IS NULL OR q.decided_at > now() - $2::interval)
           ORDER BY q.pr_number, q.head_sha, q.enqueued_at DESC, q.seq DESC LIMIT ${MOST}`,
    values: [projectId, headSha === undefined ? NEWS : KNOWN, headSha ?? null],
  });
  return rows;
}

export interface ShownGate {
  readonly digest: string;
  /** It was shown as waiting or running. */
  readonly isOpen: boolean;
  /** What was shown of it; null where that is none, or not known. */
  readonly attempt: string | null;
  /** By which it is edited; null until a creation was answered, and where nothing is edited. */
  readonly shownAs: string | null;
  /** Since when a creation is not answered. */
  readonly lostMsAgo: number | null;
}

/** By subject. */
export async function listShown(db: Queryable, projectId: string): Promise<ReadonlyMap<string, ShownGate>> {
  const { rows } = await db.query<ShownGate & { readonly subject: string }>({
    name: 'list-shown-gates',
    text: `SELECT subject, digest, is_open AS "isOpen", attempt, shown_as AS "shownAs",
             (extract(epoch FROM clock_timestamp() - lost_at) * 1000)::float8 AS "lostMsAgo"
           FROM forge_shown
           WHERE project_id = $1 AND (is_open OR shown_at > now() - $2::interval)`,
    values: [projectId, KNOWN],
  });
  return new Map(rows.map(({ subject, ...shown }) => [subject, shown]));
}

export async function saveShown(
  db: Queryable,
  {
    projectId,
    subject,
    digest,
    isOpen,
    attempt,
    shownAs,
  }: Omit<ShownGate, 'lostMsAgo'> & { readonly projectId: string; readonly subject: string },
): Promise<void> {
  await db.query({
    name: 'save-shown-gate',
    text: `INSERT INTO forge_shown (project_id, subject, digest, is_open, shown_as, attempt) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (project_id, subject) DO UPDATE
             SET digest = $3, is_open = $4, shown_as = $5, attempt = $6, lost_at = NULL, shown_at = now()`,
    values: [projectId, subject, digest, isOpen, shownAs, attempt],
  });
}

/** Its creation may have happened all the same. */
export async function saveLost(db: Queryable, projectId: string, subject: string): Promise<void> {
  await db.query({
    name: 'save-lost-gate',
    text: `INSERT INTO forge_shown (project_id, subject, digest, is_open, lost_at) VALUES ($1, $2, '', true, clock_timestamp())
           ON CONFLICT (project_id, subject) DO UPDATE SET lost_at = clock_timestamp()`,
    values: [projectId, subject],
  });
}

/** A verdict would answer before a check runs: those that made the head red no longer do. */
export async function voidRedEvidence(db: Queryable, projectId: string, headSha: string): Promise<void> {
  await db.query({
    name: 'void-red-evidence',
    text: `UPDATE evidence SET voided_at = now(), void_reason = 'asked for again'
           WHERE project_id = $1 AND outcome = 'failed' AND voided_at IS NULL AND id IN (
             SELECT unnest(string_to_array(v.data->>'evidence', ' '))::uuid
             FROM task t JOIN event v ON v.task_id = t.id AND v.type = 'task.checks' AND v.data->>'head' = $2
             WHERE t.project_id = $1 AND t.head_sha = $2
             UNION
             SELECT jsonb_array_elements_text(coalesce(detail->'evidence', '[]'))::uuid
             FROM queue_entry WHERE project_id = $1 AND head_sha = $2)`,
    values: [projectId, headSha],
  });
}
