import type { Queryable } from '../pg/statement.js';

export interface OwnCommentKey {
  readonly projectId: string;
  /** Of the issue or pull request. */
  readonly key: string;
  readonly marker: string;
}

/** `same`: it says so already. `busy`: somebody writes it, or did so a moment ago. */
export type OwnCommentClaim =
  | { readonly kind: 'same' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'ours'; readonly commentId: string | null; readonly lostMsAgo: number | null };

/** Longer than any request takes; who died with the claim holds it no longer. */
const CLAIM_MS = 60_000;

/** One writer at a time. */
export async function claimOwnComment(
  db: Queryable,
  { projectId, key, marker }: OwnCommentKey,
  hash: string,
  atMostEveryMs: number,
): Promise<OwnCommentClaim> {
  const { rows } = await db.query<{ readonly commentId: string | null; readonly lostMsAgo: number | null }>({
    name: 'claim-own-comment',
    text: `INSERT INTO forge_own_comment AS c (project_id, page_key, marker, claimed_at) VALUES ($1, $2, $3, clock_timestamp())
           ON CONFLICT (project_id, page_key, marker) DO UPDATE SET claimed_at = clock_timestamp()
             WHERE c.text_hash IS DISTINCT FROM $4
               AND (c.claimed_at IS NULL OR c.claimed_at < clock_timestamp() - $5 * interval '1 millisecond')
               AND (c.written_at IS NULL OR c.written_at < clock_timestamp() - $6 * interval '1 millisecond')
           RETURNING comment_id AS "commentId",
             (extract(epoch FROM clock_timestamp() - lost_at) * 1000)::float8 AS "lostMsAgo"`,
    values: [projectId, key, marker, hash, CLAIM_MS, atMostEveryMs],
  });
  const [row] = rows;
  if (row !== undefined) return { kind: 'ours', ...row };
  return { kind: (await findSaidHash(db, { projectId, key, marker })) === hash ? 'same' : 'busy' };
}

async function findSaidHash(
  db: Queryable,
  { projectId, key, marker }: OwnCommentKey,
): Promise<string | null | undefined> {
  const { rows } = await db.query<{ readonly hash: string | null }>({
    name: 'find-own-comment-hash',
    text: `SELECT text_hash AS hash FROM forge_own_comment WHERE project_id = $1 AND page_key = $2 AND marker = $3`,
    values: [projectId, key, marker],
  });
  return rows[0]?.hash;
}

export async function saveOwnComment(
  db: Queryable,
  { projectId, key, marker }: OwnCommentKey,
  commentId: string,
  hash: string,
): Promise<void> {
  await db.query({
    name: 'save-own-comment',
    text: `UPDATE forge_own_comment SET comment_id = $4, text_hash = $5, written_at = clock_timestamp(), claimed_at = NULL,
             lost_at = NULL
           WHERE project_id = $1 AND page_key = $2 AND marker = $3`,
    values: [projectId, key, marker, commentId, hash],
  });
}

/** @param isLost a creation may have happened all the same; one whose comment was deleted is begun anew */
export async function saveOwnCommentFailed(
  db: Queryable,
  { projectId, key, marker }: OwnCommentKey,
  isLost: boolean,
): Promise<void> {
  await db.query({
    name: 'save-own-comment-failed',
    text: `UPDATE forge_own_comment SET claimed_at = NULL, comment_id = CASE WHEN $4 THEN NULL ELSE comment_id END,
             lost_at = CASE WHEN $4 THEN clock_timestamp() ELSE lost_at END
           WHERE project_id = $1 AND page_key = $2 AND marker = $3`,
    values: [projectId, key, marker, isLost],
  });
}
