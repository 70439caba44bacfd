// Questions that are not answered where they lie become a person's: who answers them wakes the same asker.

import { isClosed } from '../../infra/pg/closed-tasks.js';
import type { Tx } from '../../infra/pg/statement.js';
import { IS_WAITING } from '../../infra/pg/waiting-mail.js';
import type { HandOnInput } from '../../workflows/contract/activities/mail.js';
import { appendSent, type NewMail } from './mail.repository.js';
import { NOBODY_IN_PARTICULAR } from './who-answers.js';

const RETURNING = `RETURNING id, jsonb_build_object('kind', from_kind, 'id', from_id) AS "from",
  jsonb_build_object('kind', to_kind, 'id', to_id) AS "to", subject, body, kind,
  project_id AS "projectId", epic_id AS "epicId", task_id AS "taskId", run_id AS "runId"`;

type HandedOn = Pick<NewMail, 'id' | 'from' | 'to' | 'subject' | 'body' | 'kind' | 'projectId'> &
  Record<'epicId' | 'taskId' | 'runId', string | null>;

/** Those to an epic that somebody still waits on. */
export async function handOnMail(tx: Tx, { epicId, mailIds, to }: HandOnInput): Promise<void> {
  const { rows } = await tx.query<HandedOn>({
    name: 'hand-on-mail',
    text: `UPDATE mail SET to_kind = 'human', to_id = $2, read_at = NULL
           WHERE id = ANY ($1::uuid[]) AND to_kind = 'epic' AND to_id = $3 AND ${IS_WAITING} ${RETURNING}`,
    values: [mailIds, to, epicId],
  });
  await say(tx, rows);
}

/**
 * Those to a task that has ended, and those that are due, go to who filed the asker's work.
 * @returns how many there were
 */
export async function handOnUnanswered(tx: Tx): Promise<number> {
  const { rows } = await tx.query<HandedOn>({
    name: 'hand-on-unanswered-mail',
    text: `UPDATE mail SET to_kind = 'human', read_at = NULL,
             to_id = coalesce((SELECT created_by FROM task WHERE id = mail.task_id),
                              (SELECT created_by FROM epic WHERE id = mail.epic_id), $1)
           WHERE to_kind IN ('task', 'agent') AND ${IS_WAITING} AND (due_at <= now() OR (to_kind = 'task' AND EXISTS (
             SELECT FROM task r WHERE ${isClosed('r')}
               AND r.id = CASE mail.to_kind WHEN 'task' THEN mail.to_id::uuid END)))
           ${RETURNING}`,
    values: [NOBODY_IN_PARTICULAR],
  });
  await say(tx, rows);
  return rows.length;
}

async function say(tx: Tx, mails: readonly HandedOn[]): Promise<void> {
  for (const { epicId, taskId, runId, ...mail } of mails)
    await appendSent(tx, {
      ...mail,
      needsAnswer: true,
      ...(epicId === null ? {} : { epicId }),
      ...(taskId === null ? {} : { taskId }),
      ...(runId === null ? {} : { runId }),
    });
}
