import { Inject, Injectable } from '@nestjs/common';
import type { Pools } from '../../infra/pg/pools.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';

export interface DecisionRow {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly decision: string;
  readonly reasoning: string;
  readonly by: string;
  readonly projectId: string | null;
  readonly epicId: string | null;
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly agentId: string | null;
  readonly createdAt: Date;
  /** The time to the microsecond, for the cursor: a Date would drop rows of the same millisecond. */
  readonly exactAt: string;
}

@Injectable()
export class DecisionRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** Newest first; tool calls among them. Ids are texts, because those of tool calls are made of three parts. */
  async list(filter: {
    readonly scope: Scope;
    readonly projectId: string | null;
    readonly epicId: string | null;
    readonly taskId: string | null;
    readonly runId: string | null;
    readonly kind: string | null;
    readonly before: { readonly at: string; readonly id: string } | null;
    readonly limit: number;
  }): Promise<readonly DecisionRow[]> {
    const { rows } = await this.pools.reads.query<DecisionRow>({
      name: 'api-decision-list',
      text: `SELECT id, kind, title, decision, reasoning, by, project_id AS "projectId", epic_id AS "epicId",
                    task_id AS "taskId", run_id AS "runId", agent_id AS "agentId", created_at AS "createdAt",
                    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "exactAt"
             FROM decision_log
             WHERE ($1::uuid[] IS NULL OR project_id = ANY($1)) AND ($2::uuid IS NULL OR project_id = $2)
               AND ($3::uuid IS NULL OR epic_id = $3) AND ($4::uuid IS NULL OR task_id = $4)
               AND ($5::uuid IS NULL OR run_id = $5) AND ($6::text IS NULL OR kind = $6)
               AND ($7::timestamptz IS NULL OR (created_at, id) < ($7::timestamptz, $8::text))
             ORDER BY created_at DESC, id DESC LIMIT $9`,
      values: [
        filter.scope,
        filter.projectId,
        filter.epicId,
        filter.taskId,
        filter.runId,
        filter.kind,
        filter.before?.at ?? null,
        filter.before?.id ?? null,
        filter.limit,
      ],
    });
    return rows;
  }
}
