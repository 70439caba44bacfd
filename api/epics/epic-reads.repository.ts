import { Inject, Injectable } from '@nestjs/common';
import type { Pools } from '../../infra/pg/pools.js';
import { POOLS } from '../dependencies.js';

export interface TimelineRow {
  readonly seq: number;
  readonly type: string;
  readonly at: Date;
  readonly taskId: string | null;
  readonly taskTitle: string | null;
  readonly runId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface GraphNodeRow {
  readonly id: string;
  readonly key: string | null;
  readonly title: string;
  readonly kind: string;
  readonly state: string;
  readonly likelyHours: number | null;
}

export interface GraphEdgeRow {
  readonly taskId: string;
  readonly dependsOnTaskId: string;
  readonly type: string;
  readonly required: boolean;
}

export interface CostRow {
  readonly taskId: string | null;
  readonly taskTitle: string | null;
  readonly models: readonly string[];
  readonly calls: number;
  readonly inputTokens: number;
  readonly cacheWriteTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
}

/** What is read of an epic from several tables; its own row is checked first. */
@Injectable()
export class EpicReadsRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** Oldest first; the numbers have no gaps. */
  async timeline(epicId: string, after: number, limit: number): Promise<readonly TimelineRow[]> {
    const { rows } = await this.pools.reads.query<TimelineRow>({
      name: 'api-epic-timeline',
      text: `SELECT e.seq, e.type, e.at, e.task_id AS "taskId", t.title AS "taskTitle", e.run_id AS "runId", e.data
             FROM event e LEFT JOIN task t ON t.id = e.task_id
             WHERE e.stream_id = 'epic/' || $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`,
      values: [epicId, after, limit],
    });
    return rows;
  }

  async graph(
    epicId: string,
  ): Promise<{ readonly nodes: readonly GraphNodeRow[]; readonly edges: readonly GraphEdgeRow[] }> {
    const [nodes, edges] = await Promise.all([
      this.pools.reads.query<GraphNodeRow>({
        name: 'api-epic-graph-nodes',
        text: `SELECT id, plan_key AS key, title, kind, state, (estimate->>'likely')::float8 AS "likelyHours"
               FROM task WHERE epic_id = $1 ORDER BY position, id`,
        values: [epicId],
      }),
      this.pools.reads.query<GraphEdgeRow>({
        name: 'api-epic-graph-edges',
        text: `SELECT d.task_id AS "taskId", d.depends_on_task_id AS "dependsOnTaskId", d.type, d.required
               FROM dependency d JOIN task t ON t.id = d.task_id WHERE t.epic_id = $1
               ORDER BY d.task_id, d.depends_on_task_id`,
        values: [epicId],
      }),
    ]);
    return { nodes: nodes.rows, edges: edges.rows };
  }

  /** One row per task; planning and supervision have no task. */
  async cost(epicId: string): Promise<readonly CostRow[]> {
    const { rows } = await this.pools.reads.query<CostRow>({
      name: 'api-epic-cost',
      text: `SELECT u.task_id AS "taskId", t.title AS "taskTitle", array_agg(DISTINCT u.model) AS models, count(*) AS calls,
                    sum(u.input_tokens)::bigint AS "inputTokens", sum(u.cache_write_tokens)::bigint AS "cacheWriteTokens",
                    sum(u.cached_tokens)::bigint AS "cachedTokens", sum(u.output_tokens)::bigint AS "outputTokens",
                    sum(u.cost_micro_usd)::bigint AS "costMicroUsd"
             FROM usage_ledger u LEFT JOIN task t ON t.id = u.task_id
             WHERE u.epic_id = $1 AND u.state <> 'reserved'
             GROUP BY u.task_id, t.title ORDER BY u.task_id NULLS FIRST`,
      values: [epicId],
    });
    return rows;
  }
}
