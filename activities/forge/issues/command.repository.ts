import type { TrackerKind } from '../../../infra/forge/issues.js';
import type { Queryable } from '../../../infra/pg/statement.js';

export type CommandOutcome = 'done' | 'refused' | 'unknown' | 'outsider';

export interface CommandRow {
  readonly commentId: string;
  /** Of the issue or pull request below which it stands. */
  readonly key: string;
  readonly author: string;
  readonly said: string;
  readonly outcome: CommandOutcome | null;
  readonly answer: string | null;
  readonly reportedAt: Date | null;
  /** What was written in answer to the mail that `ask` sent, the latest. */
  readonly reply: string | null;
}

const SELECT = `SELECT c.comment_id AS "commentId", c.page_key AS key, c.author, c.said, c.outcome, c.answer,
    c.reported_at AS "reportedAt",
    (SELECT m.body FROM mail m WHERE m.thread_id = c.mail_id AND m.id <> c.mail_id AND m.from_kind <> 'human'
     ORDER BY m.id DESC LIMIT 1) AS reply
  FROM forge_command c`;

/** Claims the comment for its first command. @returns its row; the one that is there when it was claimed before */
export async function claimCommand(
  db: Queryable,
  projectId: string,
  command: {
    readonly tracker: TrackerKind;
    readonly commentId: string;
    readonly key: string;
    readonly author: string;
    readonly said: string;
    readonly commentedAt: string;
  },
): Promise<CommandRow | undefined> {
  const { tracker, commentId, key, author, said, commentedAt } = command;
  await db.query({
    name: 'claim-forge-command',
    text: `INSERT INTO forge_command (project_id, comment_id, page_key, author, said, commented_at, tracker)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project_id, comment_id) DO NOTHING`,
    values: [projectId, commentId, key, author, said, commentedAt, tracker],
  });
  return await findCommand(db, projectId, commentId);
}

export async function findCommand(
  db: Queryable,
  projectId: string,
  commentId: string,
): Promise<CommandRow | undefined> {
  const { rows } = await db.query<CommandRow>({
    name: 'find-forge-command',
    text: `${SELECT} WHERE c.project_id = $1 AND c.comment_id = $2`,
    values: [projectId, commentId],
  });
  return rows[0];
}

/** The first outcome counts. An outsider's is told to nobody. */
export async function saveOutcome(
  db: Queryable,
  projectId: string,
  commentId: string,
  { outcome, answer, mailId }: { readonly outcome: CommandOutcome; readonly answer: string; readonly mailId?: string },
): Promise<void> {
  await db.query({
    name: 'save-command-outcome',
    text: `UPDATE forge_command SET outcome = $3, answer = $4, mail_id = $5,
             reported_at = CASE WHEN $3 = 'outsider' THEN now() END
           WHERE project_id = $1 AND comment_id = $2 AND outcome IS NULL`,
    values: [projectId, commentId, outcome, answer, mailId ?? null],
  });
}

/** Answered, and not shown yet. */
export async function listUnreported(
  db: Queryable,
  projectId: string,
  tracker: TrackerKind,
): Promise<readonly CommandRow[]> {
  const { rows } = await db.query<CommandRow>({
    name: 'list-unreported-commands',
    text: `${SELECT} WHERE c.project_id = $1 AND c.tracker = $2 AND c.reported_at IS NULL AND c.outcome IS NOT NULL
           ORDER BY c.commented_at, c.comment_id LIMIT 100`,
    values: [projectId, tracker],
  });
  return rows;
}

/** Pages with a question whose answer may have come since. */
export async function listAskedPages(
  db: Queryable,
  projectId: string,
  tracker: TrackerKind,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ readonly key: string }>({
    name: 'list-asked-pages',
    text: `SELECT DISTINCT page_key AS key FROM forge_command
           WHERE project_id = $1 AND tracker = $2 AND mail_id IS NOT NULL AND created_at > now() - interval '7 days'`,
    values: [projectId, tracker],
  });
  return rows.map(({ key }) => key);
}

/** The latest below one issue or pull request, oldest first. */
export async function listAnswers(
  db: Queryable,
  projectId: string,
  key: string,
  limit: number,
): Promise<readonly CommandRow[]> {
  const { rows } = await db.query<CommandRow>({
    name: 'list-command-answers',
    text: `${SELECT} WHERE c.project_id = $1 AND c.page_key = $2 AND c.outcome IN ('done', 'refused', 'unknown')
           ORDER BY c.commented_at DESC, c.comment_id DESC LIMIT $3`,
    values: [projectId, key, limit],
  });
  return rows.toReversed();
}

export async function saveReported(db: Queryable, projectId: string, commentId: string): Promise<void> {
  await db.query({
    name: 'save-command-reported',
    text: 'UPDATE forge_command SET reported_at = now() WHERE project_id = $1 AND comment_id = $2',
    values: [projectId, commentId],
  });
}
