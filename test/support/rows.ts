import { v7 as uuidv7 } from 'uuid';
import type { Queryable } from '../../infra/pg/statement.js';

// Rows that tests need and that product code makes elsewhere (the API). Each answers the new id.

export async function insertProject(
  db: Queryable,
  values: { readonly config?: object; readonly state?: string } = {},
): Promise<string> {
  const id = uuidv7();
  await db.query({
    text: `INSERT INTO project (id, name, forge, source, remote, base_branch, state, config, created_by)
           VALUES ($1, $2, 'local', $3, $3, 'main', $4, $5, 'test')`,
    values: [id, `project-${id}`, `/srv/${id}`, values.state ?? 'ready', JSON.stringify(values.config ?? {})],
  });
  return id;
}

/** @param name `owner/name` */
export async function insertGitHubProject(db: Queryable, name: string, siteUrl: string): Promise<string> {
  const id = uuidv7();
  const source = `${siteUrl}/${name}`;
  await db.query({
    text: `INSERT INTO project (id, name, forge, source, remote, base_branch, state, created_by, forge_name)
           VALUES ($1, $2, 'github', $3, $4, 'main', 'ready', 'test', $5)`,
    values: [id, `project-${id}`, source, `${source}#${id}`, name],
  });
  return id;
}

export async function insertEpic(
  db: Queryable,
  projectId: string,
  values: { readonly title?: string } = {},
): Promise<string> {
  const id = uuidv7();
  await db.query({
    text: `INSERT INTO epic (id, project_id, title, approval, merge_target, land, overlap, planner, branch, created_by)
           VALUES ($1, $2, $3, 'none', 'epic', 'person', 'serialise', 'given', $4, 'ada')`,
    values: [id, projectId, values.title ?? 'An epic', `millwright/epic/an-epic-${id.slice(-12)}`],
  });
  return id;
}

export async function insertPlan(db: Queryable, epicId: string, version: number, document: object): Promise<void> {
  await db.query({
    text: `INSERT INTO plan (epic_id, version, document, hash, origin, created_by) VALUES ($1, $2, $3, 'h', 'given', 'ada')`,
    values: [epicId, version, JSON.stringify(document)],
  });
}

export async function insertTask(
  db: Queryable,
  projectId: string,
  values: { readonly epicId?: string; readonly state?: string; readonly agentName?: string } = {},
): Promise<string> {
  const id = uuidv7();
  await db.query({
    text: `INSERT INTO task (id, epic_id, project_id, title, state, agent_name, branch, created_by)
           VALUES ($1, $2, $3, 'A task', $4, $5, $6, 'ada')`,
    values: [
      id,
      values.epicId ?? null,
      projectId,
      values.state ?? 'PENDING',
      values.agentName ?? null,
      `millwright/a-task-${id.slice(-12)}`,
    ],
  });
  return id;
}

export async function insertAgent(
  db: Queryable,
  name: string,
  backend: 'anthropic' | 'command' = 'anthropic',
): Promise<string> {
  const id = uuidv7();
  await db.query({
    text: `INSERT INTO agent (id, name, role, backend, model, permission_mode, origin)
           VALUES ($1, $2, 'worker', $3, 'claude-test', 'yolo', 'default')`,
    values: [id, name, backend],
  });
  return id;
}

/** Of a new agent unless one is named. */
export async function insertRun(
  db: Queryable,
  projectId: string,
  values: { readonly id?: string; readonly agentId?: string; readonly taskId?: string; readonly state?: string } = {},
): Promise<string> {
  const id = values.id ?? uuidv7();
  await db.query({
    text: `INSERT INTO run (id, agent_id, project_id, task_id, kind, state) VALUES ($1, $2, $3, $4, 'execution', $5)`,
    values: [
      id,
      values.agentId ?? (await insertAgent(db, `agent-${id}`)),
      projectId,
      values.taskId ?? null,
      values.state ?? 'running',
    ],
  });
  return id;
}
