import { taskBranch } from '../../domain/branch-names.js';
import { Failure } from '../../domain/failures.js';
import { appendEvent } from '../../infra/pg/events.js';
import type { Tx } from '../../infra/pg/statement.js';

export interface IntegrationTask {
  readonly epicId: string;
  readonly taskId: string;
  /** Files that conflict between base and epic branch. */
  readonly files: readonly string[];
}

/** Inserts the task that merges the moved base into the epic branch; a repeat inserts nothing. */
export async function addIntegrationTask(tx: Tx, { epicId, taskId, files }: IntegrationTask): Promise<void> {
  const { rows } = await tx.query<{
    project_id: string;
    branch: string;
    base_branch: string;
    created_by: string;
    priority: number;
  }>({
    name: 'find-epic-branches',
    text: `SELECT e.project_id, e.branch, p.base_branch, e.created_by, e.priority
           FROM epic e JOIN project p ON p.id = e.project_id WHERE e.id = $1`,
    values: [epicId],
  });
  const epic = rows[0];
  if (!epic) throw new Failure('NotFound', 'There is no such epic.', { id: epicId });
  const title = `Merge ${epic.base_branch} into the epic branch`;
  const description = [
    `The base branch \`${epic.base_branch}\` has moved and conflicts with \`${epic.branch}\`.`,
    'Resolve the conflict so that the intent of both sides is kept. Files in conflict:',
    ...files.map((file) => `- ${file}`),
  ].join('\n');
  const { rowCount } = await tx.query({
    name: 'insert-integration-task',
    text: `INSERT INTO task (id, epic_id, project_id, title, description, kind, priority, predicted_files, branch, target_branch,
                             position, created_by)
           VALUES ($1, $2, $3, $4, $5, 'integration', $6, $7, $8, $9, 1000, $10) ON CONFLICT (id) DO NOTHING`,
    values: [
      taskId,
      epicId,
      epic.project_id,
      title,
      description,
      epic.priority,
      files,
      taskBranch(title, taskId),
      epic.branch,
      epic.created_by,
    ],
  });
  if (rowCount > 0) {
    await appendEvent(tx, {
      projectId: epic.project_id,
      epicId,
      taskId,
      type: 'task.created',
      data: { kind: 'integration' },
    });
  }
}
