import { createHash } from 'node:crypto';
import type { Plan } from '../../../domain/plan/plan.js';
import type { Queryable, Tx } from '../../../infra/pg/statement.js';

/** As the API hashes the plans that it is given. */
const planHash = (plan: Plan): string => createHash('sha256').update(JSON.stringify(plan)).digest('hex');

/** Stores a plan that an agent made as the epic's next version; the newest version, made again, is itself. */
export async function storeModelPlan(tx: Tx, epicId: string, plan: Plan, by: string): Promise<number> {
  // The epic's row orders writers of its plans.
  await tx.query({ name: 'lock-epic-for-plan', text: 'SELECT 1 FROM epic WHERE id = $1 FOR UPDATE', values: [epicId] });
  const hash = planHash(plan);
  const { rows } = await tx.query<{ version: number; hash: string }>({
    name: 'find-newest-plan',
    text: 'SELECT version, hash FROM plan WHERE epic_id = $1 ORDER BY version DESC LIMIT 1',
    values: [epicId],
  });
  if (rows[0]?.hash === hash) return rows[0].version;
  const version = (rows[0]?.version ?? 0) + 1;
  await tx.query({
    name: 'insert-model-plan',
    text: `INSERT INTO plan (epic_id, version, document, hash, origin, created_by) VALUES ($1, $2, $3, $4, 'model', $5)`,
    values: [epicId, version, JSON.stringify(plan), hash, by],
  });
  return version;
}

export async function findPlanVersion(db: Queryable, epicId: string, plan: Plan): Promise<number | undefined> {
  const { rows } = await db.query<{ version: number }>({
    name: 'find-plan-version',
    text: 'SELECT version FROM plan WHERE epic_id = $1 AND hash = $2 ORDER BY version DESC LIMIT 1',
    values: [epicId, planHash(plan)],
  });
  return rows[0]?.version;
}
