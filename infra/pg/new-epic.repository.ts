import type { NewEpic } from '../../domain/new-epic.js';
import type { Tx } from './statement.js';

/** The row of an epic that has just been filed; whoever files it asks for its start in the same transaction. */
export async function insertEpic(tx: Tx, epic: NewEpic): Promise<void> {
  await tx.query({
    name: 'insert-epic',
    text: `INSERT INTO epic (id, project_id, title, description, priority, budget_micro_usd, approval, merge_target, land,
                             overlap, planner, max_parallel_tasks, branch, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    values: [
      epic.id,
      epic.projectId,
      epic.title,
      epic.description,
      epic.priority,
      epic.budgetMicroUsd,
      epic.approval,
      epic.mergeTarget,
      epic.land,
      epic.overlap,
      epic.planner,
      epic.maxParallelTasks,
      epic.branch,
      epic.createdBy,
    ],
  });
}
