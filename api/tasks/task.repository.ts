import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { TaskState } from '../../domain/states.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { PausedBy } from '../../workflows/contract/messages.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { ASKED, AWAITS, BEHIND, type WaitingRow } from './waiting.js';

export interface TaskRow extends WaitingRow {
  readonly id: string;
  readonly epicId: string | null;
  readonly projectId: string;
  readonly planKey: string | null;
  readonly title: string;
  readonly description: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly capabilities: readonly string[];
  readonly technologies: readonly string[];
  readonly predictedFiles: readonly string[];
  readonly acceptance: readonly string[];
  readonly estimate: object | null;
  readonly agent: string | null;
  readonly assignedAgentId: string | null;
  readonly assignedAgent: string | null;
  readonly attempts: number;
  readonly branch: string;
  readonly targetBranch: string | null;
  readonly baseSha: string | null;
  readonly headSha: string | null;
  readonly prNumber: number | null;
  readonly prUrl: string | null;
  readonly pausedBy: readonly PausedBy[];
  readonly failureReason: string | null;
  readonly blockedReason: string | null;
  readonly summary: string | null;
  /** Of its project. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly createdBy: string;
  readonly version: number;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
}

const COLUMNS = `id, epic_id AS "epicId", project_id AS "projectId", plan_key AS "planKey", title, description, kind, state,
  priority, capabilities, technologies, predicted_files AS "predictedFiles", acceptance, estimate, agent_name AS agent,
  assigned_agent_id AS "assignedAgentId", (SELECT a.name FROM agent a WHERE a.id = assigned_agent_id) AS "assignedAgent",
  attempts, branch, target_branch AS "targetBranch", base_sha AS "baseSha", head_sha AS "headSha",
  pr_number AS "prNumber", pr_url AS "prUrl", paused_by AS "pausedBy", failure_reason AS "failureReason",
  blocked_reason AS "blockedReason", waiting_for AS "waitingFor", ${ASKED} AS asked, ${BEHIND} AS behind,
  ${AWAITS} AS awaited, summary,
  (SELECT p.overrides FROM project p WHERE p.id = project_id) AS overrides, created_by AS "createdBy", version, revision,
  created_at AS "createdAt", updated_at AS "updatedAt", started_at AS "startedAt", completed_at AS "completedAt"`;

export interface NewTask {
  readonly id: string;
  readonly epicId: string | null;
  readonly projectId: string;
  readonly title: string;
  readonly description: string;
  readonly priority: number;
  readonly agent: string | null;
  readonly acceptance: readonly string[];
  readonly predictedFiles: readonly string[];
  readonly branch: string;
  readonly targetBranch: string | null;
  readonly createdBy: string;
}

/** Tasks that were added by hand go behind those of the plan. */
const ADDED_POSITION = 1_000;

@Injectable()
export class TaskRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** @throws NotFound, for a task outside the scope too */
  async get(id: string, scope: Scope, db: Queryable = this.pools.reads): Promise<TaskRow> {
    const { rows } = await db.query<TaskRow>({
      name: 'api-task-get',
      text: `SELECT ${COLUMNS} FROM task WHERE id = $1 AND ($2::uuid[] IS NULL OR project_id = ANY($2))`,
      values: [id, scope],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such task.', { id });
    return rows[0];
  }

  /** As `get`, held against every other writer until the transaction ends. */
  async lock(tx: Tx, id: string, scope: Scope): Promise<TaskRow> {
    await tx.query({ name: 'api-task-lock', text: 'SELECT 1 FROM task WHERE id = $1 FOR UPDATE', values: [id] });
    return this.get(id, scope, tx);
  }

  async list(filter: {
    readonly scope: Scope;
    readonly projectId: string | null;
    readonly epicId: string | null;
    readonly state: string | null;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly TaskRow[]> {
    const { rows } = await this.pools.reads.query<TaskRow>({
      name: 'api-task-list',
      // Planned tasks have ids without time, so the list goes by creation.
      text: `SELECT ${COLUMNS} FROM task
             WHERE ($1::uuid[] IS NULL OR project_id = ANY($1)) AND ($2::uuid IS NULL OR project_id = $2)
               AND ($3::uuid IS NULL OR epic_id = $3) AND ($4::text IS NULL OR state = $4)
               AND ($5::uuid IS NULL OR (created_at, position, id) < (SELECT created_at, position, id FROM task WHERE id = $5))
             ORDER BY created_at DESC, position DESC, id DESC LIMIT $6`,
      values: [filter.scope, filter.projectId, filter.epicId, filter.state, filter.before, filter.limit],
    });
    return rows;
  }

  /** Tasks of one epic in the order of its plan. */
  async listOfEpic(epicId: string, after: string | null, limit: number): Promise<readonly TaskRow[]> {
    const { rows } = await this.pools.reads.query<TaskRow>({
      name: 'api-task-list-of-epic',
      text: `SELECT ${COLUMNS} FROM task
             WHERE epic_id = $1
               AND ($2::uuid IS NULL OR (created_at, position, id) > (SELECT created_at, position, id FROM task WHERE id = $2))
             ORDER BY created_at, position, id LIMIT $3`,
      values: [epicId, after, limit],
    });
    return rows;
  }

  async insert(tx: Tx, task: NewTask): Promise<TaskRow> {
    await tx.query({
      name: 'api-task-insert',
      text: `INSERT INTO task (id, epic_id, project_id, title, description, priority, agent_name, acceptance,
                               predicted_files, branch, target_branch, position, created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      values: [
        task.id,
        task.epicId,
        task.projectId,
        task.title,
        task.description,
        task.priority,
        task.agent,
        task.acceptance,
        task.predictedFiles,
        task.branch,
        task.targetBranch,
        ADDED_POSITION,
        task.createdBy,
      ],
    });
    return this.get(task.id, null, tx);
  }

  async change(
    tx: Tx,
    id: string,
    content: Pick<TaskRow, 'title' | 'description' | 'priority' | 'acceptance'>,
  ): Promise<TaskRow> {
    await tx.query({
      name: 'api-task-change',
      text: `UPDATE task SET title = $2, description = $3, priority = $4, acceptance = $5, version = version + 1,
                             updated_at = now() WHERE id = $1`,
      values: [id, content.title, content.description, content.priority, content.acceptance],
    });
    return this.get(id, null, tx);
  }

  /** A lone task whose workflow is not open: the API is the one who writes its state. */
  async restart(tx: Tx, id: string): Promise<TaskRow> {
    await tx.query({
      name: 'api-task-restart',
      text: `UPDATE task SET state = 'PENDING', attempts = attempts + 1, failure_reason = NULL, blocked_reason = NULL,
                             waiting_for = NULL, completed_at = NULL, revision = revision + 1, updated_at = now()
             WHERE id = $1 AND epic_id IS NULL`,
      values: [id],
    });
    return this.get(id, null, tx);
  }

  /** As `restart`: ends a lone task whose workflow is not open. */
  async cancel(tx: Tx, id: string): Promise<TaskRow> {
    await tx.query({
      name: 'api-task-cancel',
      text: `UPDATE task SET state = 'CANCELLED', waiting_for = NULL, completed_at = now(), revision = revision + 1,
                             updated_at = now()
             WHERE id = $1 AND epic_id IS NULL`,
      values: [id],
    });
    return this.get(id, null, tx);
  }

  /** Takes back a task that its epic refused. Nothing can refer to it yet but what made it. */
  async remove(id: string): Promise<void> {
    await this.pools.writes.query({
      name: 'api-task-remove',
      text: `DELETE FROM task WHERE id = $1 AND state = 'PENDING' AND started_at IS NULL AND head_sha IS NULL`,
      values: [id],
    });
  }
}
