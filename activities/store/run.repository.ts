import type { RunKind, RunState } from '../../domain/states.js';
import { storableJson } from '../../infra/artifacts.js';
import type { Role } from '../../infra/config/models.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { OpenRunInput, RunPatch } from '../../workflows/contract/activities/store.js';

export interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly backend: 'anthropic' | 'command';
  readonly model: string | null;
  readonly state: string;
}

export async function findAgent(db: Queryable, name: string): Promise<AgentRow | undefined> {
  const { rows } = await db.query<AgentRow>({
    name: 'find-agent',
    text: 'SELECT id, name, role, backend, model, state FROM agent WHERE name = $1',
    values: [name],
  });
  return rows[0];
}

export interface RunRow {
  readonly id: string;
  readonly state: RunState;
  readonly revision: number;
  readonly prompt_ref: string | null;
  readonly model: string | null;
  readonly sealed_turns: number;
  /** `limits.run.seconds` of the project. */
  readonly run_seconds: number | null;
  readonly overrides: Readonly<Record<string, unknown>>;
}

const RUN_SECONDS = `(SELECT (p.config #>> '{limits,run,seconds}')::int FROM project p WHERE p.id = run.project_id)`;

export async function findRun(db: Queryable, runId: string): Promise<RunRow | undefined> {
  const { rows } = await db.query<RunRow>({
    name: 'find-run',
    text: `SELECT id, state, revision, prompt_ref, model,
                  (SELECT p.overrides FROM project p WHERE p.id = run.project_id) AS overrides,
                  ${RUN_SECONDS} AS run_seconds,
                  (SELECT count(*)::int FROM turn WHERE run_id = run.id AND sealed_at IS NOT NULL) AS sealed_turns
           FROM run WHERE id = $1`,
    values: [runId],
  });
  return rows[0];
}

export interface NewRun extends OpenRunInput {
  readonly agentId: string;
  readonly model: string;
  readonly promptRef: string;
  /** Unless its project sets another. */
  readonly deadlineMs: number;
}

/** A repeat inserts nothing. A parent that was refused left no row to refer to. */
export async function insertRun(tx: Tx, run: NewRun): Promise<void> {
  await tx.query({
    name: 'insert-run',
    text: `INSERT INTO run (id, agent_id, project_id, task_id, epic_id, parent_run_id, kind, attempt, round, prompt_ref,
                            model, host_queue, tree_id, deadline)
           VALUES ($1, $2, $3, $4, $5, (SELECT id FROM run WHERE id = $6), $7, $8, $9, $10, $11, $12, $13, now() + interval '1 millisecond' * coalesce((SELECT (p.config #>> '{limits,run,seconds}')::int * 1000.0 FROM project p WHERE p.id = $3), $14))
           ON CONFLICT (id) DO NOTHING`,
    values: [
      run.runId,
      run.agentId,
      run.projectId,
      run.taskId ?? null,
      run.epicId ?? null,
      run.parentRunId ?? null,
      run.kind,
      run.attempt,
      run.round,
      run.promptRef,
      run.model,
      run.hostQueue ?? null,
      run.treeId ?? null,
      run.deadlineMs,
    ],
  });
}

export interface LockedRun {
  readonly project_id: string;
  readonly epic_id: string | null;
  readonly task_id: string | null;
  readonly agent_id: string;
  readonly kind: RunKind;
  readonly state: RunState;
  readonly revision: number;
}

export async function lockRun(tx: Tx, runId: string): Promise<LockedRun | undefined> {
  const { rows } = await tx.query<LockedRun>({
    name: 'lock-run',
    text: 'SELECT project_id, epic_id, task_id, agent_id, kind, state, revision FROM run WHERE id = $1 FOR UPDATE',
    values: [runId],
  });
  return rows[0];
}

/** Applies the patch's keys and raises the revision; answers the new one. */
export async function patchRun(tx: Tx, runId: string, patch: RunPatch): Promise<number> {
  const { rows } = await tx.query<{ revision: number }>({
    name: 'patch-run',
    text: `UPDATE run SET
             state = coalesce($2::jsonb->>'state', state),
             paused_by = CASE WHEN $2::jsonb ? 'pausedBy'
               THEN ARRAY(SELECT jsonb_array_elements_text($2::jsonb->'pausedBy')) ELSE paused_by END,
             host_queue = coalesce($2::jsonb->>'hostQueue', host_queue),
             tree_id = coalesce($2::jsonb->>'treeId', tree_id),
             outcome = coalesce($2::jsonb->>'outcome', outcome),
             error = CASE WHEN $2::jsonb ? 'error' THEN $2::jsonb->>'error' ELSE error END,
             summary = coalesce($2::jsonb->>'summary', summary),
             started_at = CASE WHEN $2::jsonb->>'state' = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
             ended_at = CASE WHEN $2::jsonb->>'state' IN ('completed', 'failed', 'timeout', 'stopped', 'cancelled', 'orphaned')
                             THEN now() ELSE ended_at END,
             revision = revision + 1
           WHERE id = $1 RETURNING revision`,
    values: [runId, storableJson(patch)],
  });
  return rows[0]?.revision ?? 0;
}

/** An agent is BUSY while one of its runs is, WAITING while all of them wait, else IDLE; FAILED stays until cleared. */
export async function refreshAgentState(tx: Tx, agentId: string): Promise<void> {
  await tx.query({
    name: 'refresh-agent-state',
    text: `UPDATE agent SET last_active_at = now(), state = CASE
             WHEN state = 'FAILED' THEN state
             WHEN EXISTS (SELECT 1 FROM run WHERE agent_id = $1 AND state IN ('queued', 'running', 'degraded')) THEN 'BUSY'
             WHEN EXISTS (SELECT 1 FROM run WHERE agent_id = $1 AND state IN ('waiting', 'paused')) THEN 'WAITING'
             ELSE 'IDLE' END
           WHERE id = $1`,
    values: [agentId],
  });
}
