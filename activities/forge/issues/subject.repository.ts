import type { Queryable } from '../../../infra/pg/statement.js';
import { type EpicIssue, findEpicIssue } from './epic-issue.repository.js';

export interface EpicSubject {
  readonly epicId: string;
  readonly state: string;
  readonly planVersion: number | null;
  readonly planTitles: readonly string[];
}

export interface TaskSubject {
  readonly taskId: string;
  readonly title: string;
  readonly state: string;
}

/** What a command below an issue or a pull request is about. */
export interface CommandSubject {
  readonly epic?: EpicSubject;
  /** Of the pull request; commands to pause, resume, cancel, retry and ask are for it. */
  readonly task?: TaskSubject;
  readonly issue?: EpicIssue;
}

/** Empty for a page that is none of ours. */
export async function findSubject(db: Queryable, projectId: string, key: string): Promise<CommandSubject> {
  const issue = await findEpicIssue(db, projectId, key);
  if (issue !== undefined) {
    const epic = await findEpic(db, issue.epicId);
    return { issue, ...(epic ? { epic } : {}) };
  }
  const { rows } = await db.query<{ readonly epicId: string | null } & Partial<TaskSubject>>({
    name: 'find-subject-of-pull-request',
    text: `SELECT coalesce(pr.epic_id, t.epic_id) AS "epicId", t.id AS "taskId", t.title, t.state
           FROM pull_request pr LEFT JOIN task t ON t.id = pr.task_id WHERE pr.project_id = $1 AND pr.number::text = $2`,
    values: [projectId, key],
  });
  const [row] = rows;
  if (row === undefined) return {};
  const epic = row.epicId === null ? undefined : await findEpic(db, row.epicId);
  const { taskId, title = '', state = '' } = row;
  return { ...(epic ? { epic } : {}), ...(taskId ? { task: { taskId, title, state } } : {}) };
}

async function findEpic(db: Queryable, epicId: string): Promise<EpicSubject | undefined> {
  const { rows } = await db.query<EpicSubject>({
    name: 'find-epic-of-command',
    text: `SELECT e.id AS "epicId", e.state, p.version AS "planVersion",
             coalesce((SELECT array_agg(t->>'title') FROM jsonb_array_elements(p.document->'tasks') t), '{}') AS "planTitles"
           FROM epic e LEFT JOIN LATERAL (
             SELECT version, document FROM plan WHERE epic_id = e.id ORDER BY version DESC LIMIT 1) p ON true
           WHERE e.id = $1`,
    values: [epicId],
  });
  return rows[0];
}
