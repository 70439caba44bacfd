import { createHash } from 'node:crypto';
import type { EpicPhase, EpicState } from '../../../domain/states.js';
import type { TrackerKind } from '../../../infra/forge/issues.js';
import type { Queryable, Tx } from '../../../infra/pg/statement.js';

export interface EpicIssue {
  readonly key: string;
  readonly name: string;
  readonly epicId: string;
  readonly url: string;
  readonly author: string;
  readonly askedBy: string;
  readonly seenHash: string;
  readonly seenAt: Date;
  readonly approvedHash: string | null;
  readonly heldHash: string | null;
  /** The issue shows that it is worked on. */
  readonly begunAt: Date | null;
  readonly endedAt: Date | null;
  readonly state: EpicState;
  readonly phase: EpicPhase;
}

const SELECT = `SELECT i.issue_key AS key, i.name, i.epic_id AS "epicId", i.url, i.author, i.asked_by AS "askedBy", i.seen_hash AS "seenHash",
    i.seen_at AS "seenAt", i.approved_hash AS "approvedHash", i.held_hash AS "heldHash", i.begun_at AS "begunAt", i.ended_at AS "endedAt",
    e.state, e.phase
  FROM epic_issue i JOIN epic e ON e.id = i.epic_id`;

/** Of title and body as they are on the page: whatever changes is another text. */
export const textHash = ({ title, body }: { readonly title: string; readonly body: string }): string =>
  createHash('sha256')
    .update(JSON.stringify([title, body]))
    .digest('hex');

/** For people, who may name the text that they approve. */
export const fingerprint = (hash: string): string => hash.slice(0, 8);

/** Nobody has approved the text as it reads now. */
export const isTextVoid = ({ seenHash, approvedHash }: Pick<EpicIssue, 'seenHash' | 'approvedHash'>): boolean =>
  seenHash !== approvedHash;

export async function findEpicIssue(db: Queryable, projectId: string, key: string): Promise<EpicIssue | undefined> {
  const { rows } = await db.query<EpicIssue>({
    name: 'find-epic-issue',
    text: `${SELECT} WHERE i.project_id = $1 AND i.issue_key = $2`,
    values: [projectId, key],
  });
  return rows[0];
}

/** An issue of Linear keeps its key when it moves to a team whose issues another project takes. */
export async function isEpicElsewhere(
  db: Queryable,
  projectId: string,
  { tracker, key }: { readonly tracker: TrackerKind; readonly key: string },
): Promise<boolean> {
  if (tracker !== 'linear') return false;
  const { rowCount } = await db.query({
    name: 'is-issue-epic-elsewhere',
    text: `SELECT 1 FROM epic_issue i JOIN epic e ON e.id = i.epic_id
           WHERE i.issue_key = $2 AND i.tracker = $3 AND i.project_id <> $1 AND e.state NOT IN ('COMPLETED', 'CANCELLED')`,
    values: [projectId, key, tracker],
  });
  return rowCount > 0;
}

/** Those whose end was not said yet. */
export async function listOpenEpicIssues(
  db: Queryable,
  projectId: string,
  tracker: TrackerKind,
): Promise<readonly EpicIssue[]> {
  const { rows } = await db.query<EpicIssue>({
    name: 'list-open-epic-issues',
    text: `${SELECT} WHERE i.project_id = $1 AND i.tracker = $2 AND i.ended_at IS NULL ORDER BY i.created_at, i.issue_key`,
    values: [projectId, tracker],
  });
  return rows;
}

export interface NewEpicIssue {
  readonly projectId: string;
  readonly tracker: TrackerKind;
  readonly key: string;
  readonly name: string;
  readonly epicId: string;
  readonly url: string;
  readonly author: string;
  readonly askedBy: string;
  readonly hash: string;
  readonly seenAt: string;
  readonly isTextApproved: boolean;
}

export async function insertEpicIssue(tx: Tx, issue: NewEpicIssue): Promise<void> {
  const { projectId, tracker, key, name, epicId, url, author, askedBy, hash, seenAt, isTextApproved } = issue;
  await tx.query({
    name: 'insert-epic-issue',
    text: `INSERT INTO epic_issue (project_id, issue_key, epic_id, url, author, asked_by, seen_hash, seen_at, approved_hash,
                                   approved_by, held_hash, tracker, name)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $9 THEN $7 END, CASE WHEN $9 THEN $6 END,
                   CASE WHEN NOT $9 THEN $7 END, $10, $11)`,
    values: [projectId, key, epicId, url, author, askedBy, hash, seenAt, isTextApproved, tracker, name],
  });
}

/** Another text than before: it has read so since now at the latest. */
export async function saveSeenText(
  db: Queryable,
  projectId: string,
  { key, hash, seenAt }: { readonly key: string; readonly hash: string; readonly seenAt: string },
): Promise<void> {
  await db.query({
    name: 'save-seen-issue-text',
    text: `UPDATE epic_issue SET seen_hash = $3, seen_at = $4
           WHERE project_id = $1 AND issue_key = $2 AND seen_hash <> $3 AND seen_at <= $4`,
    values: [projectId, key, hash, seenAt],
  });
}

export async function saveHeldText(db: Queryable, projectId: string, key: string, hash: string): Promise<void> {
  await db.query({
    name: 'save-held-issue-text',
    text: 'UPDATE epic_issue SET held_hash = $3 WHERE project_id = $1 AND issue_key = $2',
    values: [projectId, key, hash],
  });
}

/** The epic works from this text from now on. */
export async function saveApprovedText(
  tx: Tx,
  projectId: string,
  approved: {
    readonly key: string;
    readonly epicId: string;
    readonly hash: string;
    readonly by: string;
    readonly title: string;
    readonly description: string;
  },
): Promise<void> {
  await tx.query({
    name: 'save-approved-issue-text',
    text: `UPDATE epic_issue SET approved_hash = $3, approved_by = $4, seen_hash = $3
           WHERE project_id = $1 AND issue_key = $2`,
    values: [projectId, approved.key, approved.hash, approved.by],
  });
  await tx.query({
    name: 'save-approved-epic-text',
    text: `UPDATE epic SET title = $2, description = $3, version = version + 1, updated_at = now()
           WHERE id = $1 AND (title, description) IS DISTINCT FROM ($2, $3)`,
    values: [approved.epicId, approved.title, approved.description],
  });
}

export async function saveIssueBegun(db: Queryable, projectId: string, key: string): Promise<void> {
  await db.query({
    name: 'save-issue-begun',
    text: 'UPDATE epic_issue SET begun_at = now() WHERE project_id = $1 AND issue_key = $2',
    values: [projectId, key],
  });
}

export async function saveIssueEnded(db: Queryable, projectId: string, key: string): Promise<void> {
  await db.query({
    name: 'save-issue-ended',
    text: 'UPDATE epic_issue SET ended_at = now() WHERE project_id = $1 AND issue_key = $2',
    values: [projectId, key],
  });
}
