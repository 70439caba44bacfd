import type { Violation } from './finding.js';
import type { Truths } from './truths.js';

/** I1: an epic that is not over, and a task that is blocked, say in plain words for whom they wait. */
export async function waiting({ db, graceMs }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; state: string }>({
    text: `SELECT 'epic/' || id AS subject, state FROM epic
           WHERE state NOT IN ('COMPLETED', 'CANCELLED') AND coalesce(waiting_for, '') = ''
             AND updated_at <= now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT 'task/' || id, state FROM task
           WHERE state = 'BLOCKED' AND coalesce(waiting_for, '') = ''
             AND updated_at <= now() - $1 * interval '1 millisecond'
           ORDER BY 1`,
    values: [graceMs],
  });
  return rows.map(({ subject, state }) => ({
    subject,
    detail: `is ${state} and does not say whom it waits for`,
    remedy: 'Look at it in the Temporal UI; `millwright down` and `up` start what the engine has lost.',
  }));
}
