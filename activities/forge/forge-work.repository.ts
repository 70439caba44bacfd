import type { Queryable } from '../../infra/pg/statement.js';
import type { CheckVerdict, PullRequestFacts } from './texts.js';

/** What a task's pull request says; undefined for an unknown task. */
export async function findTaskText(
  db: Queryable,
  projectId: string,
  taskId: string,
): Promise<PullRequestFacts | undefined> {
  const { rows } = await db.query<Omit<PullRequestFacts, 'kind' | 'tasks' | 'checks'>>({
    name: 'find-task-text',
    text: `SELECT t.title, t.description, t.summary, e.title AS "epicTitle", CASE WHEN i.epic_id IS NOT NULL THEN jsonb_build_object('name', i.name, 'url', i.url, 'tracker', i.tracker) END AS issue, p.forge <> 'local' AS "takesComments"
           FROM task t JOIN project p ON p.id = t.project_id LEFT JOIN epic e ON e.id = t.epic_id LEFT JOIN epic_issue i ON i.epic_id = t.epic_id
           WHERE t.id = $2 AND t.project_id = $1`,
    values: [projectId, taskId],
  });
  const [task] = rows;
  return task && { kind: 'task', ...task, tasks: [], checks: await listTaskVerdicts(db, projectId, taskId) };
}

/** What an epic's pull request says: its text and its tasks. Undefined for an unknown epic. */
export async function findEpicText(
  db: Queryable,
  projectId: string,
  epicId: string,
): Promise<PullRequestFacts | undefined> {
  const { rows } = await db.query<Pick<PullRequestFacts, 'title' | 'description' | 'issue' | 'takesComments'>>({
    name: 'find-epic-text',
    text: `SELECT e.title, e.description, CASE WHEN i.epic_id IS NOT NULL THEN jsonb_build_object('name', i.name, 'url', i.url, 'tracker', i.tracker) END AS issue, p.forge <> 'local' AS "takesComments"
           FROM epic e JOIN project p ON p.id = e.project_id LEFT JOIN epic_issue i ON i.epic_id = e.id WHERE e.id = $2 AND e.project_id = $1`,
    values: [projectId, epicId],
  });
  const [epic] = rows;
  if (epic === undefined) return undefined;
  const tasks = await db.query<PullRequestFacts['tasks'][number]>({
    name: 'list-epic-tasks-for-text',
    text: `SELECT title, state, pr_number AS "prNumber" FROM task
           WHERE epic_id = $1 AND state <> 'CANCELLED' ORDER BY position, id`,
    values: [epicId],
  });
  return { kind: 'epic', ...epic, summary: null, epicTitle: null, tasks: tasks.rows, checks: [] };
}

/** The newest verdict of each check that the task's own verifications ran; one that was found ready is another's. */
export async function listTaskVerdicts(
  db: Queryable,
  projectId: string,
  taskId: string,
): Promise<readonly CheckVerdict[]> {
  const { rows } = await db.query<CheckVerdict>({
    name: 'list-task-verdicts',
    text: `SELECT DISTINCT ON (check_name) check_name AS name, outcome, tree, duration_ms AS ms FROM evidence
           WHERE project_id = $1 AND split_part(build_id, '/', 1) = 'task' AND split_part(build_id, '/', 2) = $2
             AND voided_at IS NULL
           ORDER BY check_name, created_at DESC LIMIT 50`,
    values: [projectId, taskId],
  });
  return rows;
}
