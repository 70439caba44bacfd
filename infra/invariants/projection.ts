import type { Violation } from './finding.js';
import type { EngineTruth, Truths } from './truths.js';

interface Row {
  readonly kind: 'epic' | 'task' | 'run' | 'queue';
  readonly id: string;
  readonly branch: string;
  readonly state: string;
  readonly isOpen: boolean;
}

const REMEDY = 'Run `millwright down` and `millwright up`: open work that the engine does not know is started again.';

/** I11: what a row shows as open the engine runs, and what a workflow shows of itself is what its row says. */
export async function projection({ db, engine, graceMs }: Truths): Promise<readonly Violation[]> {
  if (!engine) return [];
  const { rows } = await db.query<Row>({
    text: `SELECT 'epic' AS kind, id::text AS id, '' AS branch, state, state NOT IN ('COMPLETED', 'CANCELLED') AS "isOpen"
           FROM epic WHERE updated_at <= now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT 'task', id::text, '', state, epic_id IS NULL OR state <> 'PENDING' FROM task
           WHERE state NOT IN ('COMPLETED', 'CANCELLED', 'SKIPPED', 'FAILED')
             AND updated_at <= now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT 'run', id::text, '', state, true FROM run
           WHERE ended_at IS NULL AND state NOT IN ('completed', 'failed', 'timeout', 'stopped', 'orphaned', 'cancelled')
             AND created_at <= now() - $1 * interval '1 millisecond'
           UNION ALL
           SELECT DISTINCT 'queue', project_id::text, branch, 'busy', true FROM queue_entry
           WHERE state IN ('queued', 'active', 'rebasing') AND enqueued_at <= now() - $1 * interval '1 millisecond'
           ORDER BY 1, 2, 3`,
    values: [graceMs],
  });
  const found = await Promise.all(rows.map((row) => lookAt(engine, row)));
  return found.flat();
}

async function lookAt(engine: EngineTruth, { kind, id, branch, state, isOpen }: Row): Promise<readonly Violation[]> {
  const subject = kind === 'queue' ? engine.ids.queue(id, branch) : engine.ids[kind](id);
  const facts = await engine.describe(subject);
  if (isOpen && facts.state !== 'open')
    return [{ subject, detail: `the row says ${state}, and the engine says ${facts.state}`, remedy: REMEDY }];
  if (!isOpen && facts.state === 'open' && kind === 'epic')
    return [{ subject, detail: `the row says ${state}, and its workflow still runs`, remedy: REMEDY }];
  const differs = facts.state === 'open' && facts.shows !== undefined && kind !== 'queue' && facts.shows !== state;
  return differs ? [{ subject, detail: `the row says ${state}, and the workflow ${facts.shows}`, remedy: REMEDY }] : [];
}
