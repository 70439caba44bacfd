import type { Queryable } from '../../infra/pg/statement.js';
import type { PullRequestFacts } from './texts.js';

/** What a task's pull request says; undefined for an unknown task. */
export async function findTaskText(
  db: Queryable,
  projectId: string,
  taskId: string,
): Promise<PullRequestFacts | undefined> {
  const { rows } = await db.query<Omit<PullRequestFacts, 'tasks'>>({
    name: 'find-task-text',
    text: 'SELECT title, description, summary FROM task WHERE id = $2 AND project_id = $1',
    values: [projectId, taskId],
  });
  return rows[0] && { ...rows[0], tasks: [] };
}

/** What an epic's pull request says: its text and the tasks that landed. Undefined for an unknown epic. */
export async function findEpicText(
  db: Queryable,
  projectId: string,
  epicId: string,
): Promise<PullRequestFacts | undefined> {
  const { rows } = await db.query<Pick<PullRequestFacts, 'title' | 'description'>>({
    name: 'find-epic-text',
    text: 'SELECT title, description FROM epic WHERE id = $2 AND project_id = $1',
    values: [projectId, epicId],
  });
  const [epic] = rows;
  if (epic === undefined) return undefined;
  const tasks = await db.query<PullRequestFacts['tasks'][number]>({
    name: 'list-landed-tasks',
    text: `SELECT title, pr_number AS "prNumber" FROM task WHERE epic_id = $1 AND state = 'COMPLETED' ORDER BY position, id`,
    values: [epicId],
  });
  return { ...epic, summary: null, tasks: tasks.rows };
}
