import type { TrackerKind } from '../../../infra/forge/issues.js';
import type { Queryable } from '../../../infra/pg/statement.js';

export interface ForgeCursor {
  readonly issuesSince: Date;
  readonly commentsSince: Date;
}

/** How far the tracker was read; at first, since it is the project's here: what is older was not meant for it. */
export async function openCursor(db: Queryable, projectId: string, tracker: TrackerKind): Promise<ForgeCursor> {
  await db.query({
    name: 'open-forge-cursor',
    text: `INSERT INTO forge_cursor (project_id, tracker, issues_since, comments_since)
           SELECT id, $2, since, since FROM (
             SELECT id, CASE $2 WHEN 'linear' THEN coalesce(linear_since, created_at) ELSE created_at END AS since
             FROM project WHERE id = $1) p
           ON CONFLICT (project_id, tracker) DO NOTHING`,
    values: [projectId, tracker],
  });
  const { rows } = await db.query<ForgeCursor>({
    name: 'read-forge-cursor',
    text: `SELECT issues_since AS "issuesSince", comments_since AS "commentsSince" FROM forge_cursor
           WHERE project_id = $1 AND tracker = $2`,
    values: [projectId, tracker],
  });
  return rows[0] ?? { issuesSince: new Date(), commentsSince: new Date() };
}

/** Only ever forward. */
export async function moveCursor(
  db: Queryable,
  projectId: string,
  tracker: TrackerKind,
  { issuesSince, commentsSince }: Partial<ForgeCursor>,
): Promise<void> {
  await db.query({
    name: 'move-forge-cursor',
    text: `UPDATE forge_cursor SET issues_since = greatest(issues_since, $2::timestamptz),
             comments_since = greatest(comments_since, $3::timestamptz) WHERE project_id = $1 AND tracker = $4`,
    values: [projectId, issuesSince ?? null, commentsSince ?? null, tracker],
  });
}
