import type { Violation } from './finding.js';
import type { Acknowledged, Truths } from './truths.js';

/** I4: what was answered 2xx is there, and what was promised to workflows was sent. */
export async function acknowledged(truths: Truths): Promise<readonly Violation[]> {
  const missing = await Promise.all((truths.acknowledged ?? []).map((one) => lookFor(truths, one)));
  return [...missing.flat(), ...(await overdue(truths)), ...(await lostMail(truths))];
}

const EXISTS = {
  project: 'SELECT 1 FROM project WHERE id = $1',
  epic: 'SELECT 1 FROM epic WHERE id = $1',
  task: 'SELECT 1 FROM task WHERE id = $1',
  mail: 'SELECT 1 FROM mail WHERE id = $1',
} as const;

async function lookFor({ db }: Truths, { kind, id }: Acknowledged): Promise<readonly Violation[]> {
  const { rowCount } = await db.query({ text: EXISTS[kind], values: [id] });
  const remedy = 'Restore the database from a newer backup, or send it again.';
  return rowCount > 0 ? [] : [{ subject: `${kind}/${id}`, detail: 'was acknowledged and is not there', remedy }];
}

async function overdue({ db, graceMs }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; name: string; attempts: number; error: string | null }>({
    text: `SELECT workflow_id AS subject, name, attempts, last_error AS error FROM outbox
           WHERE sent_at IS NULL AND created_at <= now() - $1 * interval '1 millisecond' ORDER BY id`,
    values: [graceMs],
  });
  return rows.map(({ subject, name, attempts, error }) => ({
    subject,
    detail: `${name} was not sent after ${attempts} attempts${error ? `: ${error}` : ''}`,
    remedy: 'Look whether worker and Temporal run: `millwright status`.',
  }));
}

/** Answers that reached the inbox and not whoever waits for them. */
export async function lostMail({ db, graceMs }: Pick<Truths, 'db' | 'graceMs'>): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ id: string; waiter: string }>({
    text: `SELECT m.id, m.waiter_workflow_id AS waiter FROM mail m
           WHERE m.answered_at <= now() - $1 * interval '1 millisecond' AND m.waiter_workflow_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workflow_id = m.waiter_workflow_id AND o.name = 'mail'
                               AND o.args::text LIKE '%' || m.answered_by || '%')
           ORDER BY 1`,
    values: [graceMs],
  });
  return rows.map(({ id, waiter }) => ({
    subject: `mail/${id}`,
    detail: `is answered, and nothing was sent to ${waiter}`,
    remedy: `Resume ${waiter}, or write to it again.`,
  }));
}
