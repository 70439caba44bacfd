import type { Queryable } from '../../infra/pg/statement.js';
import type { SaveProjectInput } from '../../workflows/contract/activities/store.js';

/** Answers false for an unknown project. */
export async function saveProject(db: Queryable, input: SaveProjectInput): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'save-project',
    text: `UPDATE project SET state = $2, reason = $3, base_branch = coalesce($4, base_branch),
                  tip_sha = coalesce($5, tip_sha), revision = revision + 1, updated_at = now()
           WHERE id = $1`,
    values: [input.projectId, input.state, input.reason, input.baseBranch ?? null, input.tipSha ?? null],
  });
  return rowCount > 0;
}
