import type { GatheringOptions, StartOptions } from '../../infra/pg/outbox.js';
import type { Queryable } from '../../infra/pg/statement.js';

export interface DueRow {
  readonly id: string;
  readonly kind: 'start' | 'signal';
  readonly workflowId: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly options: Partial<StartOptions> & GatheringOptions;
  readonly attempts: number;
  /** Milliseconds since it was written. */
  readonly ageMs: number;
}

/** Oldest first. Later rows of a workflow wait for its earlier ones, even where those are backing off. */
export async function listDue(db: Queryable, limit: number): Promise<readonly DueRow[]> {
  const { rows } = await db.query<DueRow>({
    name: 'list-due-outbox',
    text: `SELECT o.id, o.kind, o.workflow_id AS "workflowId", o.name, o.args, o.options, o.attempts,
                  (extract(epoch FROM now() - o.created_at) * 1000)::float8 AS "ageMs"
           FROM outbox o
           WHERE o.sent_at IS NULL AND o.next_at <= now()
             AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.workflow_id = o.workflow_id AND e.sent_at IS NULL
                             AND e.next_at > now() AND (e.created_at, e.id) < (o.created_at, o.id))
           ORDER BY o.created_at, o.id LIMIT $1`,
    values: [limit],
  });
  return rows;
}

/**
 * Before a row is sent that gathers: what comes from now on gets a row of its own. Waits for those who are adding to it,
 * so that whatever it stands for is committed before it is sent. Not waited for on the disk: a database that forgets it
 * has the row unsent, and it is closed again.
 */
export async function closeGathering(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'close-outbox-gathering',
    text: `UPDATE outbox SET attempts = 1
           WHERE id = $1 AND attempts = 0 AND set_config('synchronous_commit', 'off', true) = 'off'`,
    values: [id],
  });
}

export async function markSent(db: Queryable, id: string, outcome: string): Promise<void> {
  await db.query({
    name: 'mark-outbox-sent',
    text: 'UPDATE outbox SET sent_at = now(), attempts = attempts + 1, outcome = $2, last_error = NULL WHERE id = $1',
    values: [id, outcome],
  });
}

export async function postpone(db: Queryable, id: string, delayMs: number, error: string): Promise<void> {
  await db.query({
    name: 'postpone-outbox',
    text: `UPDATE outbox SET attempts = attempts + 1, next_at = now() + $2 * interval '1 millisecond', last_error = $3
           WHERE id = $1`,
    values: [id, delayMs, error.slice(0, 500)],
  });
}

/** Whether the row of a lone task's retry still asks for this attempt. */
export async function isRetryWanted(db: Queryable, taskId: string, attempts: number): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'is-retry-wanted',
    text: `SELECT 1 FROM task WHERE id = $1 AND state = 'PENDING' AND attempts = $2`,
    values: [taskId, attempts],
  });
  return rowCount > 0;
}
