import type { Violation } from './finding.js';
import type { Truths } from './truths.js';

const REMEDY = 'The log or the row was changed from outside; restore the database from a backup.';

/** I6: numbers without a gap, each step from where the last one led, and the last one is what the row says. */
export async function eventLog(truths: Truths): Promise<readonly Violation[]> {
  return [...(await gaps(truths)), ...(await leaps(truths)), ...(await folds(truths))];
}

async function gaps({ db }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; events: number; last: number; seq: number }>({
    text: `SELECT s.id AS subject, count(e.seq)::int AS events, coalesce(max(e.seq), 0)::int AS last, s.seq::int AS seq
           FROM stream s LEFT JOIN event e ON e.stream_id = s.id GROUP BY s.id, s.seq
           HAVING count(e.seq) <> s.seq OR coalesce(max(e.seq), 0) <> s.seq ORDER BY 1`,
  });
  return rows.map(({ subject, events, last, seq }) => ({
    subject,
    detail: `has ${events} events, the last is number ${last}, and ${seq} were counted`,
    remedy: REMEDY,
  }));
}

/** Of each epic, task and run: transitions in the order of their stream. */
const STEPS = `
  SELECT type, CASE type WHEN 'epic.state' THEN epic_id WHEN 'task.state' THEN task_id ELSE run_id END AS id,
         data->>'from' AS "from", data->>'to' AS "to", stream_id, seq
  FROM event WHERE type IN ('epic.state', 'task.state', 'run.state')`;

async function leaps({ db }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; from: string; before: string }>({
    text: `SELECT split_part(type, '.', 1) || '/' || id AS subject, "from", before FROM (
             SELECT *, lag("to") OVER (PARTITION BY type, id ORDER BY stream_id, seq) AS before FROM (${STEPS}) steps) s
           WHERE before IS NOT NULL AND "from" IS NOT NULL AND "from" <> before ORDER BY 1`,
  });
  return rows.map(({ subject, from, before }) => ({
    subject,
    detail: `a step leaves ${from} though the one before led to ${before}`,
    remedy: REMEDY,
  }));
}

async function folds({ db }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; state: string; to: string }>({
    text: `WITH last AS (SELECT DISTINCT ON (type, id) type, id, "to" FROM (${STEPS}) steps ORDER BY type, id, seq DESC),
           rows AS (SELECT 'epic.state' AS type, id, state FROM epic
                    UNION ALL SELECT 'task.state', id, state FROM task
                    UNION ALL SELECT 'run.state', id, state FROM run)
           SELECT split_part(type, '.', 1) || '/' || id AS subject, state, "to" FROM last JOIN rows USING (type, id)
           WHERE state <> "to" ORDER BY 1`,
  });
  return rows.map(({ subject, state, to }) => ({
    subject,
    detail: `is ${state}, and its log ends with ${to}`,
    remedy: REMEDY,
  }));
}
