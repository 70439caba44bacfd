import { Failure } from '../../domain/failures.js';
import type { ConfigOverrides } from '../../domain/project-config/types.js';
import type { Queryable } from '../../infra/pg/statement.js';

/** What git work needs to know of a project. */
export interface GitProject {
  readonly projectId: string;
  readonly name: string;
  readonly source: string;
  /** Null until the first import has seen the source's default. */
  readonly baseBranch: string | null;
  /** Tip of the base when it was inspected last. */
  readonly tipSha: string | null;
  /** `Name <address>`. */
  readonly commitIdentity: string;
  readonly overrides: ConfigOverrides;
}

/** @throws NotFound for an unknown project */
export async function findGitProject(db: Queryable, projectId: string): Promise<GitProject> {
  const { rows } = await db.query<GitProject>({
    name: 'find-git-project',
    text: `SELECT id AS "projectId", name, source, base_branch AS "baseBranch", tip_sha AS "tipSha",
                  commit_identity AS "commitIdentity", overrides
           FROM project WHERE id = $1`,
    values: [projectId],
  });
  const [project] = rows;
  if (project === undefined) throw new Failure('NotFound', 'there is no such project');
  return project;
}

/** The forge's default, where nobody named another. */
export async function keepBaseBranch(db: Queryable, projectId: string, baseBranch: string): Promise<void> {
  await db.query({
    name: 'keep-base-branch',
    text: 'UPDATE project SET base_branch = $2 WHERE id = $1 AND base_branch IS NULL',
    values: [projectId, baseBranch],
  });
}

/** What keeps an import that is tried again; null once it has got through. A verdict on the project has its own reason. */
export async function saveImportTrouble(db: Queryable, projectId: string, trouble: string | null): Promise<void> {
  await db.query({
    name: 'save-import-trouble',
    text: `UPDATE project SET reason = $2, updated_at = now()
           WHERE id = $1 AND state = 'importing' AND reason IS DISTINCT FROM $2`,
    values: [projectId, trouble],
  });
}

/** The newest commit of the task's branch, as its row says; undefined before its first round. */
export async function findTaskHead(db: Queryable, taskId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ head: string | null }>({
    name: 'find-task-head',
    text: 'SELECT head_sha AS head FROM task WHERE id = $1',
    values: [taskId],
  });
  return rows[0]?.head ?? undefined;
}

/** What the inspection found at the tip; state and reason are stored by `saveProject`. */
export async function saveInspection(
  db: Queryable,
  {
    projectId,
    config,
    proposals,
  }: { readonly projectId: string; readonly config?: object; readonly proposals: readonly object[] },
): Promise<void> {
  await db.query({
    name: 'save-inspection',
    text: `UPDATE project SET config = coalesce($2, config), proposals = $3, updated_at = now() WHERE id = $1`,
    values: [projectId, config === undefined ? null : JSON.stringify(config), JSON.stringify(proposals)],
  });
}

/** Those of the names that no registered agent bears. */
export async function unknownAgents(db: Queryable, names: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>({
    name: 'list-agents-by-name',
    text: 'SELECT name FROM agent WHERE name = ANY($1)',
    values: [names],
  });
  const known = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !known.has(name));
}

export interface BranchWork {
  readonly branch: string;
  readonly state: string;
  /** Branch that the work lands on. */
  readonly target: string | null;
  /** Head that its queue has landed. */
  readonly landedHead: string | null;
}

/** Tasks and epics of the project that bear one of the branches. What failed in an epic that has ended is given up. */
export async function listBranchWork(
  db: Queryable,
  projectId: string,
  branches: readonly string[],
): Promise<readonly BranchWork[]> {
  const { rows } = await db.query<BranchWork>({
    name: 'list-branch-work',
    text: `SELECT t.branch, coalesce(t.target_branch, p.base_branch) AS target,
                  (SELECT q.head_sha FROM queue_entry q WHERE q.task_id = t.id AND q.state = 'landed'
                   ORDER BY q.decided_at DESC LIMIT 1) AS "landedHead",
                  CASE WHEN t.state = 'FAILED' AND e.state IN ('COMPLETED', 'CANCELLED') THEN 'CANCELLED' ELSE t.state END AS state
             FROM task t JOIN project p ON p.id = t.project_id LEFT JOIN epic e ON e.id = t.epic_id WHERE t.project_id = $1 AND t.branch = ANY($2)
           UNION ALL
           SELECT e.branch, p.base_branch AS target,
                  (SELECT q.head_sha FROM queue_entry q WHERE q.epic_id = e.id AND q.task_id IS NULL AND q.state = 'landed'
                   ORDER BY q.decided_at DESC LIMIT 1) AS "landedHead",
                  e.state
             FROM epic e JOIN project p ON p.id = e.project_id WHERE e.project_id = $1 AND e.branch = ANY($2)`,
    values: [projectId, branches],
  });
  return rows;
}

/** Those of the tasks that have come to an end that nobody retries. */
export async function listEndedTasks(db: Queryable, taskIds: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list-ended-tasks',
    text: `SELECT t.id FROM task t LEFT JOIN epic e ON e.id = t.epic_id
           WHERE t.id = ANY($1::uuid[])
             AND (t.state IN ('COMPLETED', 'CANCELLED', 'SKIPPED')
                  OR t.state = 'FAILED' AND e.state IN ('COMPLETED', 'CANCELLED'))`,
    values: [taskIds],
  });
  return rows.map(({ id }) => id);
}
