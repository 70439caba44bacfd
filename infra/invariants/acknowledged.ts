import type { Violation } from './finding.js';
import type { Acknowledged, Truths } from './truths.js';

/** I4: what was answered 2xx is there, and what was promised to workflows was sent. */
export async function acknowledged(truths: Truths): Promise<readonly Violation[]> {
  return [...(await missing(truths)), ...(await overdue(truths)), ...(await lostMail(truths))];
}

async function missing({ db, acknowledged = [] }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<Acknowledged>({
    text: `SELECT 'project' AS kind, id::text FROM project WHERE id::text = ANY($1)
           UNION ALL SELECT 'epic', id::text FROM epic WHERE id::text = ANY($1)
           UNION ALL SELECT 'task', id::text FROM task WHERE id::text = ANY($1)
           UNION ALL SELECT 'mail', id::text FROM mail WHERE id::text = ANY($1)`,
    values: [acknowledged.map(({ id }) => id)],
  });
  const there = new Set(rows.map(({ kind, id }) => `${kind}/${id}`));
  const remedy = 'Restore the database from a newer backup, or send it again.';
  return acknowledged
    .map(({ kind, id }) => `${kind}/${id}`)
    .filter((subject) => !there.has(subject))
    .map((subject) => ({ subject, detail: 'was acknowledged and is not there', remedy }));
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
