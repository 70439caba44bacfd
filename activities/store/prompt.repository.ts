import type { Queryable } from '../../infra/pg/statement.js';

export interface PromptRows {
  readonly project: string;
  readonly createdBy: string;
  readonly epic?: { readonly title: string; readonly description: string; readonly design: string };
  readonly task?: {
    readonly id: string;
    readonly title: string;
    readonly description: string;
    readonly acceptance: readonly string[];
    readonly predictedFiles: readonly string[];
  };
  readonly checks: readonly { readonly name: string; readonly command: string }[];
}

interface Row {
  readonly project: string;
  readonly createdBy: string;
  readonly epic: PromptRows['epic'] | null;
  readonly task: PromptRows['task'] | null;
  readonly checks: readonly { readonly name: string; readonly run: string }[] | null;
}

export interface PromptSubject {
  readonly projectId: string;
  readonly epicId?: string;
  readonly taskId?: string;
}

/** What the prompt of a run says about its project, epic and task. Undefined for an unknown project. */
export async function findPromptRows(db: Queryable, of: PromptSubject): Promise<PromptRows | undefined> {
  const { rows } = await db.query<Row>({
    name: 'find-prompt-rows',
    text: `SELECT p.name AS project, coalesce(t.created_by, (
                    SELECT i.tracker || ':' || i.author || ', in an issue that ' || e.created_by || ' made an epic of'
                    FROM epic_issue i WHERE i.epic_id = e.id AND i.author <> i.asked_by),
                    e.created_by, p.created_by) AS "createdBy",
                  CASE WHEN e.id IS NULL THEN NULL ELSE jsonb_build_object('title', e.title, 'description', e.description,
                    'design', coalesce(e.design, '')) END AS epic,
                  CASE WHEN t.id IS NULL THEN NULL ELSE jsonb_build_object('id', t.id, 'title', t.title,
                    'description', t.description, 'acceptance', to_jsonb(t.acceptance),
                    'predictedFiles', to_jsonb(t.predicted_files)) END AS task,
                  p.config -> 'checks' AS checks
           FROM project p LEFT JOIN epic e ON e.id = $2 LEFT JOIN task t ON t.id = $3 WHERE p.id = $1`,
    values: [of.projectId, of.epicId ?? null, of.taskId ?? null],
  });
  const row = rows[0];
  if (!row) return undefined;
  return {
    project: row.project,
    createdBy: row.createdBy,
    ...(row.epic ? { epic: row.epic } : {}),
    ...(row.task ? { task: row.task } : {}),
    checks: (row.checks ?? []).map(({ name, run }) => ({ name, command: run })),
  };
}

export interface TaskLine {
  readonly id: string;
  readonly title: string;
  readonly state: string;
}

/** Every task of an epic, in the order of its plan. */
export async function listTaskLines(db: Queryable, epicId: string): Promise<readonly TaskLine[]> {
  const { rows } = await db.query<TaskLine>({
    name: 'list-task-lines',
    text: 'SELECT id, title, state FROM task WHERE epic_id = $1 ORDER BY position, id LIMIT 300',
    values: [epicId],
  });
  return rows;
}
