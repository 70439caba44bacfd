// Whom a question is put to: nobody stands still for an address at which nobody can answer.
import { ANSWER_DUE_MS } from '../../domain/mail-timing.js';
import { isClosed } from '../../infra/pg/closed-tasks.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { DEFAULT_SUPERVISOR } from '../store/epic.repository.js';
import { DEFAULT_WORKER } from '../store/task.repository.js';
import { type Correspondent, isSame, type NewMail } from './mail.repository.js';

export type Question = Pick<NewMail, 'from' | 'to' | 'taskId' | 'epicId'>;

/** An inbox that every person sees, where there is nobody in particular. */
export const NOBODY_IN_PARTICULAR = 'human';

/** Where a question really goes: to the person who filed the work, when nobody at its address can ever answer. */
export async function answererOf(db: Queryable, question: Question): Promise<NewMail['to']> {
  const { from, to } = question;
  const canAnswer = to.kind === 'human' || (!isSame(from, to) && (await canReply(db, to)));
  return canAnswer ? to : { kind: 'human', id: await findFiler(db, question) };
}

/** When a question is put to a person if nobody has answered. An epic looks after the questions to it by itself. */
export const dueOf = ({ kind }: Correspondent): Pick<NewMail, 'dueAt'> =>
  kind === 'task' || kind === 'agent' ? { dueAt: new Date(Date.now() + ANSWER_DUE_MS).toISOString() } : {};

/** A `command` agent is handed its mail, and has no way to reply to it. */
async function canReply(db: Queryable, { kind, id }: Correspondent): Promise<boolean> {
  const reader = READERS[kind];
  if (!reader) return false;
  const { rowCount } = await db.query({ name: `can-reply-${kind}`, text: reader, values: [id] });
  return rowCount === 1;
}

const READERS: Partial<Record<Correspondent['kind'], string>> = {
  agent: `SELECT 1 FROM agent WHERE name = $1 AND backend <> 'command'`,
  epic: `SELECT 1 FROM epic e JOIN project p ON p.id = e.project_id
           LEFT JOIN agent a ON a.name = coalesce(p.config #>> '{agents,supervisor,use}', '${DEFAULT_SUPERVISOR}')
         WHERE e.id = $1::uuid AND e.state NOT IN ('COMPLETED', 'CANCELLED') AND a.backend IS DISTINCT FROM 'command'`,
  task: `SELECT 1 FROM task t JOIN project p ON p.id = t.project_id
           LEFT JOIN agent a ON a.name = coalesce(t.agent_name, p.config #>> '{agents,worker,use}', '${DEFAULT_WORKER}')
         WHERE t.id = $1::uuid AND NOT ${isClosed('t')}
           AND a.backend IS DISTINCT FROM 'command'`,
};

async function findFiler(db: Queryable, { taskId, epicId }: Question): Promise<string> {
  const { rows } = await db.query<{ by: string | null }>({
    name: 'find-filer',
    text: `SELECT coalesce((SELECT created_by FROM task WHERE id = $1), (SELECT created_by FROM epic WHERE id = $2)) AS by`,
    values: [taskId ?? null, epicId ?? null],
  });
  return rows[0]?.by ?? NOBODY_IN_PARTICULAR;
}
