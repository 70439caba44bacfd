import type { Queryable, Tx } from '../../pg/statement.js';
import type { OpenPullRequest, PullRequestFilter, PullRequestState } from '../port.js';

/** A pull request as its row says; where its branch stands is git's to say. */
export interface PullRequestRow {
  readonly number: number;
  readonly url: string | null;
  readonly state: PullRequestState;
  readonly title: string;
  readonly body: string;
  readonly author: string;
  readonly draft: boolean;
  readonly labels: readonly string[];
  readonly headRef: string;
  readonly headSha: string;
  readonly baseRef: string;
  readonly mergeCommitSha: string | null;
  readonly marker: string;
}

const COLUMNS = `number, url, state, title, body, author, draft, labels, head_ref AS "headRef", head_sha AS "headSha",
  base_ref AS "baseRef", merge_commit_sha AS "mergeCommitSha", marker`;

export async function findPullRequest(
  db: Queryable,
  projectId: string,
  number: number,
): Promise<PullRequestRow | undefined> {
  const { rows } = await db.query<PullRequestRow>({
    name: 'find-pull-request',
    text: `SELECT ${COLUMNS} FROM pull_request WHERE project_id = $1 AND number = $2`,
    values: [projectId, number],
  });
  return rows[0];
}

/** Every pull request of the two branches, newest first. */
export async function listOfBranches(
  db: Queryable,
  { projectId, headRef, baseRef }: Pick<OpenPullRequest, 'projectId' | 'headRef' | 'baseRef'>,
): Promise<readonly PullRequestRow[]> {
  const { rows } = await db.query<PullRequestRow>({
    name: 'list-pull-requests-of-branches',
    text: `SELECT ${COLUMNS} FROM pull_request
           WHERE project_id = $1 AND head_ref = $2 AND base_ref = $3 ORDER BY number DESC`,
    values: [projectId, headRef, baseRef],
  });
  return rows;
}

export async function listPullRequests(
  db: Queryable,
  projectId: string,
  { state, headRef, baseRef }: PullRequestFilter,
): Promise<readonly PullRequestRow[]> {
  const { rows } = await db.query<PullRequestRow>({
    name: 'list-pull-requests',
    text: `SELECT ${COLUMNS} FROM pull_request
           WHERE project_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR head_ref = $3)
             AND ($4::text IS NULL OR base_ref = $4)
           ORDER BY number`,
    values: [projectId, state ?? null, headRef ?? null, baseRef ?? null],
  });
  return rows;
}

/** The next number of the project; the caller holds the project's lock, so that none is given twice. */
export async function insertPullRequest(tx: Tx, input: OpenPullRequest): Promise<PullRequestRow | undefined> {
  const { rows } = await tx.query<PullRequestRow>({
    name: 'insert-pull-request',
    text: `INSERT INTO pull_request (project_id, number, task_id, epic_id, title, body, author, head_ref, head_sha,
             base_ref, base_sha, marker)
           SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
           FROM pull_request WHERE project_id = $1
           RETURNING ${COLUMNS}`,
    values: [
      input.projectId,
      input.taskId ?? null,
      input.epicId ?? null,
      input.title,
      input.body,
      input.author,
      input.headRef,
      input.headSha,
      input.baseRef,
      input.baseSha,
      input.marker,
    ],
  });
  return rows[0];
}

export async function updateOpen(
  tx: Tx,
  { projectId, number, headSha, title, body }: OpenPullRequest & { readonly number: number },
): Promise<PullRequestRow | undefined> {
  const { rows } = await tx.query<PullRequestRow>({
    name: 'update-open-pull-request',
    text: `UPDATE pull_request SET head_sha = $3, title = $4, body = $5, updated_at = now()
           WHERE project_id = $1 AND number = $2 AND state = 'open' RETURNING ${COLUMNS}`,
    values: [projectId, number, headSha, title, body],
  });
  return rows[0];
}

/** Ends an open one and keeps where its head stood then. Answers false when it is not open any more, or never was. */
export async function endPullRequest(
  db: Queryable,
  end: {
    readonly projectId: string;
    readonly number: number;
    readonly state: 'closed' | 'merged';
    readonly headSha: string;
    readonly mergeCommitSha?: string;
    readonly note?: string;
  },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'end-pull-request',
    text: `UPDATE pull_request SET state = $3, merge_commit_sha = $4, head_sha = $5, body = body || $6,
             closed_at = now(), updated_at = now()
           WHERE project_id = $1 AND number = $2 AND state = 'open'`,
    values: [end.projectId, end.number, end.state, end.mergeCommitSha ?? null, end.headSha, end.note ?? ''],
  });
  return rowCount > 0;
}
