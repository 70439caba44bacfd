import type { Queryable } from '../../pg/statement.js';
import type { OpenPullRequest, PullRequest } from '../port.js';

/** Keeps what GitHub said of a pull request of ours, so that reads and checks need not ask again. */
export async function saveOpened(db: Queryable, input: OpenPullRequest, pr: PullRequest): Promise<void> {
  await db.query({
    name: 'save-opened-pull-request',
    text: `INSERT INTO pull_request (project_id, number, task_id, epic_id, title, body, author, draft, labels, url, head_ref,
             head_sha, base_ref, base_sha, state, merge_commit_sha, marker)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           ON CONFLICT (project_id, number) DO UPDATE SET title = $5, body = $6, draft = $8, labels = $9, head_sha = $12,
             base_ref = $13, state = $15, merge_commit_sha = $16, updated_at = now()`,
    values: [
      input.projectId,
      pr.number,
      input.taskId ?? null,
      input.epicId ?? null,
      pr.title,
      pr.body,
      pr.author,
      pr.draft,
      pr.labels,
      pr.url,
      pr.headRef,
      pr.headSha,
      pr.baseRef,
      input.baseSha,
      pr.state,
      pr.mergeCommitSha,
      input.marker,
    ],
  });
}

/** The newest that we opened of these branches under the marker. */
export async function findOpened(
  db: Queryable,
  { projectId, headRef, baseRef, marker }: OpenPullRequest,
): Promise<number | undefined> {
  const { rows } = await db.query<{ readonly number: number }>({
    name: 'find-opened-pull-request',
    text: `SELECT number FROM pull_request WHERE project_id = $1 AND head_ref = $2 AND base_ref = $3 AND marker = $4
           ORDER BY number DESC LIMIT 1`,
    values: [projectId, headRef, baseRef, marker],
  });
  return rows[0]?.number;
}

/** Brings the row of one of ours up to date; a stranger's pull request has none. An ended one is not opened by a late answer. */
export async function saveSeen(db: Queryable, projectId: string, pr: PullRequest): Promise<void> {
  await db.query({
    name: 'save-seen-pull-request',
    text: `UPDATE pull_request SET title = $3, body = $4, draft = $5, labels = $6, head_sha = $7, base_ref = $8,
             state = $9, merge_commit_sha = $10, updated_at = now(),
             closed_at = CASE WHEN $9 = 'open' THEN NULL ELSE coalesce(closed_at, now()) END,
             awaits_base = awaits_base AND NOT ($9 = 'open' AND is_base_there)
           FROM (SELECT base_gone_since IS NULL AS is_base_there FROM project WHERE id = $1) AS base
           WHERE project_id = $1 AND number = $2 AND state <> 'merged'
             AND ((title, body, draft, labels, head_sha, base_ref, state, merge_commit_sha)
                    IS DISTINCT FROM ($3, $4, $5, $6, $7, $8, $9, $10)
                  OR awaits_base AND $9 = 'open' AND is_base_there)`,
    values: [
      projectId,
      pr.number,
      pr.title,
      pr.body,
      pr.draft,
      pr.labels,
      pr.headSha,
      pr.baseRef,
      pr.state,
      pr.mergeCommitSha,
    ],
  });
}
