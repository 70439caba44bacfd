import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { NewEpic } from '../../domain/new-epic.js';
import type { EpicPhase, EpicState } from '../../domain/states.js';
import { insertEpic } from '../../infra/pg/new-epic.repository.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { PausedBy } from '../../workflows/contract/messages.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';

export interface EpicRow {
  readonly id: string;
  readonly projectId: string;
  readonly title: string;
  readonly description: string;
  readonly design: string | null;
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly pausedBy: readonly PausedBy[];
  readonly blockedReason: string | null;
  readonly waitingFor: string | null;
  readonly priority: number;
  readonly budgetMicroUsd: number;
  readonly approval: 'none' | 'plan' | 'all';
  readonly mergeTarget: 'epic' | 'base';
  readonly land: 'person' | 'auto';
  readonly overlap: 'serialise' | 'allow';
  readonly planner: 'model' | 'given';
  readonly maxParallelTasks: number;
  readonly branch: string;
  /** The newest stored one. */
  readonly planVersion: number | null;
  readonly prNumber: number | null;
  readonly prUrl: string | null;
  /** Of its project. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly createdBy: string;
  readonly version: number;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
}

const COLUMNS = `id, project_id AS "projectId", title, description, design, state, phase, paused_by AS "pausedBy",
  blocked_reason AS "blockedReason", waiting_for AS "waitingFor", priority, budget_micro_usd AS "budgetMicroUsd",
  approval, merge_target AS "mergeTarget", land, overlap, planner, max_parallel_tasks AS "maxParallelTasks", branch,
  (SELECT max(p.version) FROM plan p WHERE p.epic_id = epic.id) AS "planVersion", pr_number AS "prNumber",
  pr_url AS "prUrl", (SELECT p.overrides FROM project p WHERE p.id = project_id) AS overrides, created_by AS "createdBy", version, revision, created_at AS "createdAt",
  updated_at AS "updatedAt", completed_at AS "completedAt"`;

@Injectable()
export class EpicRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** @throws NotFound, for an epic outside the scope too */
  async get(id: string, scope: Scope, db: Queryable = this.pools.reads): Promise<EpicRow> {
    const { rows } = await db.query<EpicRow>({
      name: 'api-epic-get',
      text: `SELECT ${COLUMNS} FROM epic WHERE id = $1 AND ($2::uuid[] IS NULL OR project_id = ANY($2))`,
      values: [id, scope],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such epic.', { id });
    return rows[0];
  }

  /** As `get`, held against every other writer until the transaction ends. */
  async lock(tx: Tx, id: string, scope: Scope): Promise<EpicRow> {
    await tx.query({ name: 'api-epic-lock', text: 'SELECT 1 FROM epic WHERE id = $1 FOR UPDATE', values: [id] });
    return this.get(id, scope, tx);
  }

  async list(filter: {
    readonly scope: Scope;
    readonly projectId: string | null;
    readonly state: string | null;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly EpicRow[]> {
    const { rows } = await this.pools.reads.query<EpicRow>({
      name: 'api-epic-list',
      text: `SELECT ${COLUMNS} FROM epic
             WHERE ($1::uuid[] IS NULL OR project_id = ANY($1)) AND ($2::uuid IS NULL OR project_id = $2)
               AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR id < $4)
             ORDER BY id DESC LIMIT $5`,
      values: [filter.scope, filter.projectId, filter.state, filter.before, filter.limit],
    });
    return rows;
  }

  async insert(tx: Tx, epic: NewEpic): Promise<EpicRow> {
    await insertEpic(tx, epic);
    return this.get(epic.id, null, tx);
  }

  async change(
    tx: Tx,
    id: string,
    content: Pick<EpicRow, 'title' | 'description' | 'budgetMicroUsd'>,
  ): Promise<EpicRow> {
    await tx.query({
      name: 'api-epic-change',
      text: `UPDATE epic SET title = $2, description = $3, budget_micro_usd = $4, version = version + 1,
                             updated_at = now() WHERE id = $1`,
      values: [id, content.title, content.description, content.budgetMicroUsd],
    });
    return this.get(id, null, tx);
  }
}
