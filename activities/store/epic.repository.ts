import { caveatsOf } from '../../domain/project-config/caveats.js';
import type { EpicPhase, EpicState } from '../../domain/states.js';
import { storableJson } from '../../infra/artifacts.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { EpicFacts, EpicPatch } from '../../workflows/contract/activities/store.js';
import type { PausedBy } from '../../workflows/contract/messages.js';

interface EpicRow {
  readonly id: string;
  readonly project_id: string;
  readonly project_name: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly base_branch: string | null;
  readonly supervisor_agent: string | null;
  readonly title: string;
  readonly branch: string;
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly paused_by: PausedBy[];
  readonly revision: number;
  readonly priority: number;
  readonly approval: EpicFacts['approval'];
  readonly merge_target: EpicFacts['mergeTarget'];
  readonly land: EpicFacts['land'];
  readonly overlap: EpicFacts['overlap'];
  readonly planner: EpicFacts['planner'];
  readonly max_parallel_tasks: number;
  readonly created_by: string;
  readonly applied_plan: number | null;
  readonly newest_plan: number | null;
  readonly pr_number: number | null;
  readonly entry_id: string | null;
  readonly entry_state: string | null;
  readonly landed_sha: string | null;
}

export const DEFAULT_SUPERVISOR = 'anthropic-supervisor';

/** Everything but the tasks. Answers undefined for an unknown id. */
export async function findEpicFacts(db: Queryable, epicId: string): Promise<EpicFacts | undefined> {
  const { rows } = await db.query<EpicRow>({
    name: 'find-epic-facts',
    text: `SELECT e.id, e.project_id, p.name AS project_name, p.overrides, p.base_branch,
                  p.config #>> '{agents,supervisor,use}' AS supervisor_agent,
                  e.title, e.branch, e.state, e.phase, e.paused_by, e.revision, e.priority, e.approval, e.merge_target,
                  e.land, e.overlap, e.planner, e.max_parallel_tasks, e.created_by, e.plan_version AS applied_plan,
                  (SELECT max(version) FROM plan WHERE epic_id = e.id) AS newest_plan, e.pr_number,
                  q.id AS entry_id, q.state AS entry_state, q.landed_sha
           FROM epic e JOIN project p ON p.id = e.project_id
           LEFT JOIN LATERAL (
             SELECT id, state, landed_sha FROM queue_entry
             WHERE epic_id = e.id AND task_id IS NULL ORDER BY enqueued_at DESC LIMIT 1) q ON true
           WHERE e.id = $1`,
    values: [epicId],
  });
  return rows[0] && toEpicFacts(rows[0]);
}

const toEpicFacts = (row: EpicRow): EpicFacts => ({
  epicId: row.id,
  projectId: row.project_id,
  projectName: row.project_name,
  caveats: caveatsOf(row.overrides),
  title: row.title,
  baseBranch: row.base_branch ?? 'main',
  branch: row.branch,
  state: row.state,
  phase: row.phase,
  pausedBy: row.paused_by,
  revision: row.revision,
  priority: row.priority,
  approval: row.approval,
  mergeTarget: row.merge_target,
  land: row.land,
  overlap: row.overlap,
  planner: row.planner,
  maxParallelTasks: row.max_parallel_tasks,
  createdBy: row.created_by,
  supervisorAgent: row.supervisor_agent ?? DEFAULT_SUPERVISOR,
  ...(row.newest_plan === null ? {} : { planVersion: row.newest_plan }),
  ...(row.applied_plan === null ? {} : { appliedPlanVersion: row.applied_plan }),
  ...(row.pr_number === null ? {} : { prNumber: row.pr_number }),
  tasks: [],
  ...(row.entry_id === null || row.entry_state === null
    ? {}
    : {
        entry: {
          entryId: row.entry_id,
          state: row.entry_state,
          ...(row.landed_sha === null ? {} : { landedSha: row.landed_sha }),
        },
      }),
});

/** Takes the row's lock, so that writes of one epic are one after another. */
export async function lockEpic(
  tx: Tx,
  epicId: string,
): Promise<{ readonly projectId: string; readonly revision: number } | undefined> {
  const { rows } = await tx.query<{ project_id: string; revision: number }>({
    name: 'lock-epic',
    text: 'SELECT project_id, revision FROM epic WHERE id = $1 FOR UPDATE',
    values: [epicId],
  });
  return rows[0] && { projectId: rows[0].project_id, revision: rows[0].revision };
}

/** Applies the patch's keys and raises the revision; answers the new one. */
export async function patchEpic(tx: Tx, epicId: string, patch: EpicPatch): Promise<number> {
  const { rows } = await tx.query<{ revision: number }>({
    name: 'patch-epic',
    text: `UPDATE epic SET
             state = coalesce($2::jsonb->>'state', state),
             phase = coalesce($2::jsonb->>'phase', phase),
             paused_by = CASE WHEN $2::jsonb ? 'pausedBy'
               THEN ARRAY(SELECT jsonb_array_elements_text($2::jsonb->'pausedBy')) ELSE paused_by END,
             blocked_reason = CASE WHEN $2::jsonb ? 'blockedReason' THEN $2::jsonb->>'blockedReason' ELSE blocked_reason END,
             waiting_for = CASE WHEN $2::jsonb ? 'waitingFor' THEN $2::jsonb->>'waitingFor' ELSE waiting_for END,
             plan_version = coalesce(($2::jsonb->>'planVersion')::int, plan_version),
             pr_number = coalesce(($2::jsonb->>'prNumber')::int, pr_number),
             pr_url = coalesce($2::jsonb->>'prUrl', pr_url),
             completed_at = CASE WHEN $2::jsonb->>'state' IN ('COMPLETED', 'CANCELLED') THEN now() ELSE completed_at END,
             revision = revision + 1, updated_at = now()
           WHERE id = $1 RETURNING revision`,
    values: [epicId, storableJson(patch)],
  });
  return rows[0]?.revision ?? 0;
}
