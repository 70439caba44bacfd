import { v5 as uuidv5 } from 'uuid';
import { taskBranch } from '../../domain/branch-names.js';
import type { Plan } from '../../domain/plan/plan.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';

export async function findPlan(db: Queryable, epicId: string, version: number): Promise<Plan | undefined> {
  const { rows } = await db.query<{ document: Plan }>({
    name: 'find-plan',
    text: 'SELECT document FROM plan WHERE epic_id = $1 AND version = $2',
    values: [epicId, version],
  });
  return rows[0]?.document;
}

/** A planned task's id: the same plan applied twice makes the same tasks. */
export const plannedTaskId = (epicId: string, key: string): string => uuidv5(key, epicId);

export interface PlanOwner {
  readonly epicId: string;
  readonly projectId: string;
  readonly createdBy: string;
  readonly priority: number;
}

/** Inserts the tasks of a plan; those that have not started take the plan's new words and dependencies. */
export async function upsertPlannedTasks(tx: Tx, owner: PlanOwner, plan: Plan): Promise<void> {
  for (const [position, task] of plan.tasks.entries()) {
    const id = plannedTaskId(owner.epicId, task.key);
    await tx.query({
      name: 'upsert-planned-task',
      text: `INSERT INTO task (id, epic_id, project_id, plan_key, title, description, kind, priority, capabilities,
                               technologies, predicted_files, acceptance, estimate, branch, position, created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             ON CONFLICT (id) DO UPDATE SET
               title = excluded.title, description = excluded.description, kind = excluded.kind,
               priority = excluded.priority, capabilities = excluded.capabilities, technologies = excluded.technologies,
               predicted_files = excluded.predicted_files, acceptance = excluded.acceptance,
               estimate = excluded.estimate, position = excluded.position,
               state = CASE WHEN task.state = 'CANCELLED' THEN 'PENDING' ELSE task.state END,
               updated_at = now()
             WHERE task.state IN ('PENDING', 'CANCELLED') AND task.head_sha IS NULL AND task.started_at IS NULL`,
      values: [
        id,
        owner.epicId,
        owner.projectId,
        task.key,
        task.title,
        task.description,
        task.kind,
        task.priority ?? owner.priority,
        task.capabilities,
        task.technologies,
        task.predictedFiles,
        task.acceptance,
        task.estimate === undefined ? null : JSON.stringify(task.estimate),
        taskBranch(task.title, id),
        position,
        owner.createdBy,
      ],
    });
  }
  for (const task of plan.tasks) await replaceDependencies(tx, owner.epicId, task);
}

async function replaceDependencies(tx: Tx, epicId: string, task: Plan['tasks'][number]): Promise<void> {
  const id = plannedTaskId(epicId, task.key);
  const wanted = task.dependsOn.map((edge) => ({
    on: plannedTaskId(epicId, edge.key),
    type: edge.type,
    required: edge.required,
  }));
  await tx.query({
    name: 'replace-dependencies',
    text: `WITH startable AS (SELECT id FROM task WHERE id = $1 AND started_at IS NULL),
                gone AS (DELETE FROM dependency WHERE task_id IN (SELECT id FROM startable)
                           AND NOT (depends_on_task_id = ANY ($2::uuid[])))
           INSERT INTO dependency (task_id, depends_on_task_id, type, required)
           SELECT s.id, w.on_id, w.type, w.required FROM startable s,
                  unnest($2::uuid[], $3::text[], $4::boolean[]) AS w (on_id, type, required)
           ON CONFLICT (task_id, depends_on_task_id) DO UPDATE SET type = excluded.type, required = excluded.required`,
    values: [id, wanted.map((w) => w.on), wanted.map((w) => w.type), wanted.map((w) => w.required)],
  });
}

/** Tasks that an edited plan no longer holds and that never started; answers their ids. */
export async function cancelDroppedTasks(tx: Tx, epicId: string, plan: Plan): Promise<readonly string[]> {
  const { rows } = await tx.query<{ id: string }>({
    name: 'cancel-dropped-tasks',
    text: `UPDATE task SET state = 'CANCELLED', completed_at = now(), revision = revision + 1, updated_at = now()
           WHERE epic_id = $1 AND plan_key IS NOT NULL AND NOT (plan_key = ANY ($2::text[]))
             AND state = 'PENDING' AND started_at IS NULL RETURNING id`,
    values: [epicId, plan.tasks.map(({ key }) => key)],
  });
  return rows.map(({ id }) => id);
}

/** The version whose tasks are rows; an older one never replaces a newer. */
export async function markPlanApplied(
  tx: Tx,
  epicId: string,
  version: number,
  design: string | undefined,
): Promise<void> {
  await tx.query({
    name: 'mark-plan-applied',
    text: `UPDATE epic SET plan_version = greatest(coalesce(plan_version, 0), $2), design = coalesce($3, design), updated_at = now()
           WHERE id = $1`,
    values: [epicId, version, design ?? null],
  });
}
