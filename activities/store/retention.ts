import type { Queryable, Statement } from '../../infra/pg/statement.js';

/** Logs, transcripts and events of ended work. Decisions and audit stay for ever. */
export const RETENTION_DAYS = 90;

const OVER = `now() - interval '${RETENTION_DAYS} days'`;

/** Deliveries of the forge: GitHub sends again what is at most three days old. */
const DELIVERY_DAYS = 30;

/** An epic, or a task without one, that ended so long ago that nobody asks for its texts. */
const isOldEpic = (epic: string): string =>
  `(${epic}.state IN ('COMPLETED', 'CANCELLED') AND ${epic}.updated_at < ${OVER})`;
const isOldTask = (task: string): string =>
  `(${task}.state IN ('COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED') AND ${task}.updated_at < ${OVER})`;

/**
 * Every reference that something still needs: the runs of work that is open or has ended lately, and what is kept for
 * its own time. Old runs are few among those that ran lately, so this reads little however much has ended.
 */
const NEEDED = `
  live AS (
    SELECT r.id, r.prompt_ref FROM run r LEFT JOIN epic e ON e.id = r.epic_id LEFT JOIN task t ON t.id = r.task_id
    WHERE NOT CASE WHEN e.id IS NOT NULL THEN ${isOldEpic('e')} WHEN t.id IS NOT NULL THEN ${isOldTask('t')}
                   ELSE coalesce(r.ended_at < ${OVER}, false) END),
  needed AS (
    SELECT prompt_ref AS ref FROM live
    UNION ALL SELECT u.ref FROM live JOIN turn t ON t.run_id = live.id
      CROSS JOIN LATERAL unnest(ARRAY[t.request_ref, t.response_ref, t.results_ref]) AS u (ref)
    UNION ALL SELECT c.value #>> '{}' FROM live JOIN turn t ON t.run_id = live.id
      CROSS JOIN LATERAL jsonb_path_query(t.tool_calls, '$[*].*') AS c (value) WHERE jsonb_typeof(c.value) = 'string'
    UNION ALL SELECT u.ref FROM live JOIN claim c ON c.run_id = live.id
      CROSS JOIN LATERAL unnest(ARRAY[c.input_ref, c.result_ref]) AS u (ref)
    UNION ALL SELECT log_ref FROM evidence
    UNION ALL SELECT log_ref FROM setup_layer
    UNION ALL SELECT context_ref FROM decision WHERE context_ref IS NOT NULL)`;

/** Statements that each remove at most `$1` rows. */
export const RETENTION_SWEEPS: readonly Omit<Statement, 'values'>[] = [
  {
    name: 'sweep-blobs',
    text: `WITH ${NEEDED}
           DELETE FROM blob WHERE ref IN (
             SELECT b.ref FROM blob b WHERE b.created_at < ${OVER} AND NOT EXISTS (SELECT 1 FROM needed n WHERE n.ref = b.ref)
             LIMIT $1)`,
  },
  {
    name: 'sweep-events-of-epics',
    text: `DELETE FROM event WHERE position IN (
             SELECT v.position FROM event v JOIN epic e ON e.id = v.epic_id WHERE ${isOldEpic('e')}
             ORDER BY v.position LIMIT $1)`,
  },
  {
    name: 'sweep-events-of-tasks',
    text: `DELETE FROM event WHERE position IN (
             SELECT v.position FROM event v JOIN task t ON t.id = v.task_id
             WHERE v.epic_id IS NULL AND ${isOldTask('t')} ORDER BY v.position LIMIT $1)`,
  },
  {
    // Nobody handles those of a project that was removed.
    name: 'sweep-webhook-deliveries',
    text: `DELETE FROM webhook_delivery WHERE delivery_id IN (
             SELECT delivery_id FROM webhook_delivery
             WHERE received_at < now() - interval '${DELIVERY_DAYS} days'
               AND (handled_at < now() - interval '${DELIVERY_DAYS} days' OR received_at < ${OVER}) LIMIT $1)`,
  },
  {
    // What is shown of a commit is found at the forge again, should anybody still look at it.
    name: 'sweep-shown-gates',
    text: `DELETE FROM forge_shown WHERE (project_id, subject) IN (
             SELECT project_id, subject FROM forge_shown WHERE shown_at < ${OVER} LIMIT $1)`,
  },
];

/** Those of the references that nothing needs any more: their files may go. */
export const unneededRefs = async (db: Queryable, refs: readonly string[]): Promise<readonly string[]> => {
  if (refs.length === 0) return [];
  const { rows } = await db.query<{ ref: string }>({
    name: 'unneeded-refs',
    text: `WITH ${NEEDED}
           SELECT given.ref FROM unnest($1::text[]) AS given (ref)
           WHERE NOT EXISTS (SELECT 1 FROM needed n WHERE n.ref = given.ref)`,
    values: [refs],
  });
  return rows.map(({ ref }) => ref);
};

interface Archived {
  readonly id: string;
  readonly isLong: boolean;
}

/** Those of the projects that were removed, and whether that is so long ago that their results may go too. */
export const archivedProjects = async (db: Queryable, ids: readonly string[]): Promise<readonly Archived[]> => {
  if (ids.length === 0) return [];
  const { rows } = await db.query<Archived>({
    name: 'archived-projects',
    text: `SELECT id, archived_at < ${OVER} AS "isLong" FROM project WHERE id = ANY ($1) AND archived_at IS NOT NULL`,
    values: [ids],
  });
  return rows;
};
