import { caveatsOf } from '../../domain/project-config/caveats.js';
import type { TaskState } from '../../domain/states.js';
import { storableJson } from '../../infra/artifacts.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { TaskDependency, TaskFacts, TaskPatch, TaskSnapshot } from '../../workflows/contract/activities/store.js';
import type { PausedBy } from '../../workflows/contract/messages.js';

export const DEFAULT_WORKER = 'anthropic-worker';

interface SnapshotRow {
  readonly id: string;
  readonly plan_key: string | null;
  readonly title: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly attempts: number;
  readonly head_sha: string | null;
  readonly predicted_files: string[];
  readonly depends_on: TaskDependency[];
}

/** All tasks of an epic in the order they were made. */
export async function listEpicTasks(db: Queryable, epicId: string): Promise<readonly TaskSnapshot[]> {
  const { rows } = await db.query<SnapshotRow>({
    name: 'list-epic-tasks',
    text: `SELECT t.id, t.plan_key, t.title, t.state, t.priority, t.attempts, t.head_sha, t.predicted_files,
                  coalesce((SELECT jsonb_agg(jsonb_build_object('taskId', d.depends_on_task_id, 'type', d.type,
                                                                'required', d.required) ORDER BY d.depends_on_task_id)
                            FROM dependency d WHERE d.task_id = t.id), '[]') AS depends_on
           FROM task t WHERE t.epic_id = $1 ORDER BY t.created_at, t.position, t.id`,
    values: [epicId],
  });
  return rows.map(toSnapshot);
}

const toSnapshot = (row: SnapshotRow): TaskSnapshot => ({
  taskId: row.id,
  ...(row.plan_key === null ? {} : { key: row.plan_key }),
  title: row.title,
  state: row.state,
  priority: row.priority,
  attempts: row.attempts,
  hasBranch: row.head_sha !== null,
  predictedFiles: row.predicted_files,
  dependsOn: row.depends_on,
});

interface TaskRow {
  readonly id: string;
  readonly epic_id: string | null;
  readonly project_id: string;
  readonly project_name: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly title: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly paused_by: PausedBy[];
  readonly revision: number;
  readonly priority: number;
  readonly attempts: number;
  readonly agent_name: string | null;
  readonly project_worker: string | null;
  readonly branch: string;
  readonly target_branch: string | null;
  readonly base_branch: string | null;
  readonly epic_branch: string | null;
  readonly merge_target: 'epic' | 'base' | null;
  readonly created_by: string;
  readonly base_sha: string | null;
  readonly head_sha: string | null;
  readonly pr_number: number | null;
  readonly summary: string | null;
  readonly checkpoint: string | null;
  readonly entry_id: string | null;
  readonly entry_state: string | null;
  readonly landed_sha: string | null;
}

/** Facts without the agent's id, which the caller looks up by name. */
export async function findTaskFacts(db: Queryable, taskId: string): Promise<Omit<TaskFacts, 'agentId'> | undefined> {
  const { rows } = await db.query<TaskRow>({
    name: 'find-task-facts',
    text: `SELECT t.id, t.epic_id, t.project_id, p.name AS project_name, p.overrides, t.title, t.kind, t.state, t.paused_by, t.revision,
                  t.priority, t.attempts, t.agent_name, p.config #>> '{agents,worker,use}' AS project_worker, t.branch,
                  t.target_branch, p.base_branch, e.branch AS epic_branch, e.merge_target, t.created_by, t.base_sha,
                  t.head_sha, t.pr_number, t.summary,
                  (SELECT u.checkpoint_ref FROM turn u JOIN run r ON r.id = u.run_id
                   WHERE r.task_id = t.id AND u.checkpoint_ref IS NOT NULL
                   ORDER BY u.sealed_at DESC LIMIT 1) AS checkpoint,
                  q.id AS entry_id, q.state AS entry_state, q.landed_sha
           FROM task t JOIN project p ON p.id = t.project_id LEFT JOIN epic e ON e.id = t.epic_id
           LEFT JOIN LATERAL (SELECT id, state, landed_sha FROM queue_entry
                              WHERE task_id = t.id ORDER BY enqueued_at DESC LIMIT 1) q ON true
           WHERE t.id = $1`,
    values: [taskId],
  });
  return rows[0] && toTaskFacts(rows[0]);
}

const toTaskFacts = (row: TaskRow): Omit<TaskFacts, 'agentId'> => {
  const base = row.base_branch ?? 'main';
  const landsOnEpic = row.merge_target === 'epic' && row.epic_branch !== null;
  return {
    taskId: row.id,
    ...(row.epic_id === null ? {} : { epicId: row.epic_id }),
    projectId: row.project_id,
    projectName: row.project_name,
    caveats: caveatsOf(row.overrides),
    title: row.title,
    kind: row.kind,
    state: row.state,
    pausedBy: row.paused_by,
    revision: row.revision,
    priority: row.priority,
    attempts: row.attempts,
    agentName: row.agent_name ?? row.project_worker ?? DEFAULT_WORKER,
    branch: row.branch,
    targetBranch: row.target_branch ?? (landsOnEpic && row.epic_branch ? row.epic_branch : base),
    createdBy: row.created_by,
    ...(row.kind === 'integration' ? { mergeBranch: base } : {}),
    ...(row.base_sha === null ? {} : { baseSha: row.base_sha }),
    ...(row.head_sha === null ? {} : { headSha: row.head_sha }),
    ...(row.pr_number === null ? {} : { prNumber: row.pr_number }),
    ...(row.checkpoint === null ? {} : { checkpointSha: row.checkpoint }),
    ...(row.summary === null ? {} : { summary: row.summary }),
    ...(row.entry_id === null || row.entry_state === null
      ? {}
      : {
          entry: {
            entryId: row.entry_id,
            state: row.entry_state,
            ...(row.landed_sha === null ? {} : { landedSha: row.landed_sha }),
          },
        }),
  };
};

export interface LockedTask {
  readonly projectId: string;
  readonly epicId: string | null;
  readonly assignedAgentId: string | null;
  readonly revision: number;
}

export async function lockTask(tx: Tx, taskId: string): Promise<LockedTask | undefined> {
  const { rows } = await tx.query<{
    project_id: string;
    epic_id: string | null;
    assigned_agent_id: string | null;
    revision: number;
  }>({
    name: 'lock-task',
    text: 'SELECT project_id, epic_id, assigned_agent_id, revision FROM task WHERE id = $1 FOR UPDATE',
    values: [taskId],
  });
  const row = rows[0];
  return (
    row && {
      projectId: row.project_id,
      epicId: row.epic_id,
      assignedAgentId: row.assigned_agent_id,
      revision: row.revision,
    }
  );
}

/** Applies the patch's keys and raises the revision; answers the new one. */
export async function patchTask(tx: Tx, taskId: string, patch: TaskPatch): Promise<number> {
  const { rows } = await tx.query<{ revision: number }>({
    name: 'patch-task',
    text: `UPDATE task SET
             state = coalesce($2::jsonb->>'state', state),
             paused_by = CASE WHEN $2::jsonb ? 'pausedBy'
               THEN ARRAY(SELECT jsonb_array_elements_text($2::jsonb->'pausedBy')) ELSE paused_by END,
             attempts = coalesce(($2::jsonb->>'attempts')::int, attempts),
             assigned_agent_id = coalesce(($2::jsonb->>'assignedAgentId')::uuid, assigned_agent_id),
             target_branch = coalesce($2::jsonb->>'targetBranch', target_branch),
             base_sha = coalesce($2::jsonb->>'baseSha', base_sha),
             head_sha = coalesce($2::jsonb->>'headSha', head_sha),
             pr_number = coalesce(($2::jsonb->>'prNumber')::int, pr_number),
             pr_url = coalesce($2::jsonb->>'prUrl', pr_url),
             failure_reason = CASE WHEN $2::jsonb ? 'failureReason' THEN $2::jsonb->>'failureReason' ELSE failure_reason END,
             blocked_reason = CASE WHEN $2::jsonb ? 'blockedReason' THEN $2::jsonb->>'blockedReason' ELSE blocked_reason END,
             waiting_for = CASE WHEN $2::jsonb ? 'waitingFor' THEN $2::jsonb->>'waitingFor' ELSE waiting_for END,
             summary = coalesce($2::jsonb->>'summary', summary),
             assigned_at = CASE WHEN $2::jsonb->>'state' = 'ASSIGNED' THEN now() ELSE assigned_at END,
             started_at = CASE WHEN $2::jsonb->>'state' = 'IN_PROGRESS' THEN coalesce(started_at, now()) ELSE started_at END,
             completed_at = CASE WHEN $2::jsonb->>'state' IN ('COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED') THEN now()
                                 WHEN $2::jsonb ? 'state' THEN NULL ELSE completed_at END,
             revision = revision + 1, updated_at = now()
           WHERE id = $1 RETURNING revision`,
    values: [taskId, storableJson(patch)],
  });
  return rows[0]?.revision ?? 0;
}
