import { appendEvent } from '../../infra/pg/events.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import { IS_WAITING } from '../../infra/pg/waiting-mail.js';

export type Correspondent = { readonly kind: 'agent' | 'task' | 'epic' | 'human' | 'system'; readonly id: string };
export const isSame = (a: Correspondent, b: Correspondent): boolean => a.kind === b.kind && a.id === b.id;

export type MailKind =
  | 'message'
  | 'question'
  | 'approval'
  | 'escalation'
  | 'rebase_request'
  | 'review_feedback'
  | 'notification';

export interface NewMail {
  readonly id: string;
  /** The thread that it continues; a mail that starts one names its thread after itself. */
  readonly threadId?: string;
  readonly inReplyTo?: string;
  readonly from: Correspondent;
  readonly to: Correspondent & { readonly kind: 'agent' | 'task' | 'epic' | 'human' };
  readonly subject: string;
  readonly body: string;
  readonly kind: MailKind;
  readonly needsAnswer: boolean;
  readonly projectId: string;
  readonly epicId?: string;
  readonly taskId?: string;
  readonly runId?: string;
  readonly waiterWorkflowId?: string;
  readonly dueAt?: string;
}

/**
 * Stores one mail and its event. A repeated id inserts nothing.
 * @returns whether it was new
 */
export async function insertMail(tx: Tx, mail: NewMail): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'insert-mail',
    text: `INSERT INTO mail (id, thread_id, in_reply_to, from_kind, from_id, to_kind, to_id, subject, body, kind, needs_answer,
                             due_at, project_id, epic_id, task_id, run_id, waiter_workflow_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT (id) DO NOTHING`,
    values: [
      mail.id,
      mail.threadId ?? mail.id,
      mail.inReplyTo ?? null,
      mail.from.kind,
      mail.from.id,
      mail.to.kind,
      mail.to.id,
      mail.subject,
      mail.body,
      mail.kind,
      mail.needsAnswer,
      mail.dueAt ?? null,
      mail.projectId,
      mail.epicId ?? null,
      mail.taskId ?? null,
      mail.runId ?? null,
      mail.waiterWorkflowId ?? null,
    ],
  });
  if (rowCount === 0) return false;
  await appendSent(tx, mail);
  return true;
}

/** Its event. */
export async function appendSent(tx: Tx, mail: NewMail): Promise<void> {
  const { projectId, epicId, taskId, runId } = mail;
  await appendEvent(tx, {
    projectId,
    ...(epicId === undefined ? {} : { epicId }),
    ...(taskId === undefined ? {} : { taskId }),
    ...(runId === undefined ? {} : { runId }),
    type: 'mail.sent',
    data: {
      mailId: mail.id,
      kind: mail.kind,
      from: `${mail.from.kind}/${mail.from.id}`,
      to: `${mail.to.kind}/${mail.to.id}`,
      subject: mail.subject,
      needsAnswer: mail.needsAnswer,
    },
  });
}

/** Mail to an epic that somebody waits on. */
export async function listUnanswered(db: Queryable, epicId: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list-unanswered-mail',
    text: `SELECT id FROM mail WHERE to_kind = 'epic' AND to_id = $1 AND ${IS_WAITING} ORDER BY id LIMIT 1000`,
    values: [epicId],
  });
  return rows.map(({ id }) => id);
}

/** Wakes a workflow that a mail is for, under the mail's own id or one made of it: a repeat sends nothing. */
export async function notifyOfMail(
  tx: Tx,
  mail: { readonly mailId: string; readonly answers?: string; readonly signalId?: string },
  workflowId: string,
): Promise<void> {
  await insertOutbox(tx, {
    id: mail.signalId ?? mail.mailId,
    kind: 'signal',
    workflowId,
    name: 'mail',
    input: mail.answers === undefined ? { mailId: mail.mailId } : { mailId: mail.mailId, answers: mail.answers },
  });
}

export interface AnsweredQuestion {
  readonly waiterWorkflowId: string | null;
  readonly threadId: string;
  readonly from: Correspondent;
}

/** Decides who answers: the first reply wins. Undefined when the question is unknown or answered already. */
export async function markAnswered(
  tx: Tx,
  questionId: string,
  answerId: string,
): Promise<AnsweredQuestion | undefined> {
  const { rows } = await tx.query<{
    waiter_workflow_id: string | null;
    thread_id: string;
    from_kind: Correspondent['kind'];
    from_id: string;
  }>({
    name: 'mark-mail-answered',
    text: `UPDATE mail SET answered_at = now(), answered_by = $2, read_at = coalesce(read_at, now())
           WHERE id = $1 AND answered_at IS NULL AND needs_answer
           RETURNING waiter_workflow_id, thread_id, from_kind, from_id`,
    values: [questionId, answerId],
  });
  const row = rows[0];
  return (
    row && {
      waiterWorkflowId: row.waiter_workflow_id,
      threadId: row.thread_id,
      from: { kind: row.from_kind, id: row.from_id },
    }
  );
}

export interface MailRow {
  readonly id: string;
  readonly threadId: string;
  readonly inReplyTo: string | null;
  readonly from: Correspondent;
  readonly to: Correspondent;
  readonly subject: string;
  readonly body: string;
  readonly kind: MailKind;
  readonly needsAnswer: boolean;
  readonly answeredAt: Date | null;
  readonly readAt: Date | null;
  readonly waiterWorkflowId: string | null;
  readonly createdAt: Date;
}

const COLUMNS = `id, thread_id AS "threadId", in_reply_to AS "inReplyTo", jsonb_build_object('kind', from_kind, 'id', from_id) AS "from",
  jsonb_build_object('kind', to_kind, 'id', to_id) AS "to", subject, body, kind, needs_answer AS "needsAnswer",
  answered_at AS "answeredAt", read_at AS "readAt", waiter_workflow_id AS "waiterWorkflowId", created_at AS "createdAt"`;

/** Mail by id, in the order of the ids given; unknown ones are left out. */
export async function findMail(db: Queryable, ids: readonly string[]): Promise<readonly MailRow[]> {
  const { rows } = await db.query<MailRow>({
    name: 'find-mail',
    text: `SELECT ${COLUMNS} FROM mail WHERE id = ANY ($1::uuid[]) ORDER BY array_position($1::uuid[], id)`,
    values: [ids],
  });
  return rows;
}

/** Newest first. */
export async function listInbox(
  db: Queryable,
  to: Correspondent,
  onlyUnread: boolean,
  limit: number,
): Promise<readonly MailRow[]> {
  const { rows } = await db.query<MailRow>({
    name: 'list-inbox',
    text: `SELECT ${COLUMNS} FROM mail
           WHERE to_kind = $1 AND to_id = $2 AND (NOT $3 OR read_at IS NULL) ORDER BY id DESC LIMIT $4`,
    values: [to.kind, to.id, onlyUnread, limit],
  });
  return rows;
}

export async function markRead(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query({
    name: 'mark-mail-read',
    text: 'UPDATE mail SET read_at = now() WHERE id = ANY ($1::uuid[]) AND read_at IS NULL',
    values: [ids],
  });
}
