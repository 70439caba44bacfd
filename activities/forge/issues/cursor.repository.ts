import type { Queryable } from '../../../infra/pg/statement.js';

export interface ForgeCursor {
  readonly issuesSince: Date;
  readonly commentsSince: Date;
}

/** How far the forge was read; at first, since the project is known here: what is older was not meant for it. */
export async function openCursor(db: Queryable, projectId: string): Promise<ForgeCursor> {
  await db.query({
    name: 'open-forge-cursor',
    text: `INSERT INTO forge_cursor (project_id, issues_since, comments_since)
           SELECT id, created_at, created_at FROM project WHERE id = $1 ON CONFLICT (project_id) DO NOTHING`,
    values: [projectId],
  });
  const { rows } = await db.query<ForgeCursor>({
    name: 'read-forge-cursor',
    text: `SELECT issues_since AS "issuesSince", comments_since AS "commentsSince" FROM forge_cursor WHERE project_id = $1`,
    values: [projectId],
  });
  return rows[0] ?? { issuesSince: new Date(), commentsSince: new Date() };
}

/** Only ever forward. */
export async function moveCursor(
  db: Queryable,
  projectId: string,
  { issuesSince, commentsSince }: Partial<ForgeCursor>,
): Promise<void> {
  await db.query({
    name: 'move-forge-cursor',
    text: `UPDATE forge_cursor SET issues_since = greatest(issues_since, $2::timestamptz),
             comments_since = greatest(comments_since, $3::timestamptz) WHERE project_id = $1`,
    values: [projectId, issuesSince ?? null, commentsSince ?? null],
  });
}
