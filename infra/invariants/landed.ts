import type { Queryable } from '../pg/statement.js';

export interface Landed {
  readonly subject: string;
  readonly projectId: string;
  readonly branch: string;
  readonly commit: string;
  /** Recorded before the push; null where the queue did not push it. */
  readonly base: string | null;
  readonly tree: string | null;
}

/** Entries whose change lies on its branch. */
export async function landedEntries(db: Queryable): Promise<readonly Landed[]> {
  const { rows } = await db.query<Landed>({
    text: `SELECT CASE WHEN task_id IS NULL THEN 'epic/' || epic_id ELSE 'task/' || task_id END AS subject,
                  project_id AS "projectId", branch, landed_sha AS commit, landing->>'base' AS base,
                  landing->>'tree' AS tree
           FROM queue_entry WHERE state = 'landed' AND landed_sha IS NOT NULL ORDER BY decided_at, id`,
  });
  return rows;
}
