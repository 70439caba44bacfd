import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { RunState } from '../../domain/states.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { PausedBy } from '../../workflows/contract/messages.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';

export interface RunRow {
  readonly id: string;
  readonly agentId: string;
  readonly agent: string;
  readonly backend: string;
  readonly projectId: string;
  readonly taskId: string | null;
  readonly epicId: string | null;
  readonly parentRunId: string | null;
  readonly kind: string;
  readonly state: RunState;
  readonly pausedBy: readonly PausedBy[];
  readonly attempt: number;
  readonly round: number;
  readonly model: string | null;
  readonly hostQueue: string | null;
  readonly turns: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  readonly outcome: string | null;
  readonly error: string | null;
  readonly summary: string | null;
  readonly promptRef: string | null;
  readonly revision: number;
  /** Of its project. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

const COLUMNS = `r.id, r.agent_id AS "agentId", a.name AS agent, a.backend, r.project_id AS "projectId", r.task_id AS "taskId",
  r.epic_id AS "epicId", r.parent_run_id AS "parentRunId", r.kind, r.state, r.paused_by AS "pausedBy", r.attempt, r.round,
  CASE WHEN a.backend = 'command' THEN a.model ELSE r.model END AS model, r.host_queue AS "hostQueue", r.turns, r.input_tokens AS "inputTokens", r.cached_tokens AS "cachedTokens",
  r.output_tokens AS "outputTokens", r.cost_micro_usd AS "costMicroUsd", r.outcome, r.error, r.summary,
  r.prompt_ref AS "promptRef",
  (SELECT p.overrides FROM project p WHERE p.id = r.project_id) AS overrides, r.revision, r.created_at AS "createdAt", r.started_at AS "startedAt", r.ended_at AS "endedAt"`;

export interface TurnRow {
  readonly seq: number;
  readonly requestRef: string | null;
  readonly responseRef: string | null;
  readonly resultsRef: string | null;
  readonly stopReason: string | null;
  readonly usage: object;
  readonly toolCalls: readonly object[];
  readonly checkpointSha: string | null;
  readonly createdAt: Date;
  readonly sealedAt: Date | null;
}

@Injectable()
export class RunRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** @throws NotFound, for a run outside the scope too */
  async get(id: string, scope: Scope): Promise<RunRow> {
    const { rows } = await this.pools.reads.query<RunRow>({
      name: 'api-run-get',
      text: `SELECT ${COLUMNS} FROM run r JOIN agent a ON a.id = r.agent_id
             WHERE r.id = $1 AND ($2::uuid[] IS NULL OR r.project_id = ANY($2))`,
      values: [id, scope],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such run.', { id });
    return rows[0];
  }

  async list(filter: {
    readonly scope: Scope;
    readonly taskId: string | null;
    readonly epicId: string | null;
    readonly agentId: string | null;
    readonly state: string | null;
    readonly kind: string | null;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly RunRow[]> {
    const { rows } = await this.pools.reads.query<RunRow>({
      name: 'api-run-list',
      text: `SELECT ${COLUMNS} FROM run r JOIN agent a ON a.id = r.agent_id
             WHERE ($1::uuid[] IS NULL OR r.project_id = ANY($1)) AND ($2::uuid IS NULL OR r.task_id = $2)
               AND ($3::uuid IS NULL OR r.epic_id = $3) AND ($4::uuid IS NULL OR r.agent_id = $4)
               AND ($5::text IS NULL OR r.state = $5) AND ($6::text IS NULL OR r.kind = $6)
               AND ($7::uuid IS NULL OR r.id < $7)
             ORDER BY r.id DESC LIMIT $8`,
      values: [
        filter.scope,
        filter.taskId,
        filter.epicId,
        filter.agentId,
        filter.state,
        filter.kind,
        filter.before,
        filter.limit,
      ],
    });
    return rows;
  }

  /** Oldest first. */
  async turns(runId: string, after: number, limit: number): Promise<readonly TurnRow[]> {
    const { rows } = await this.pools.reads.query<TurnRow>({
      name: 'api-run-turns',
      text: `SELECT seq, request_ref AS "requestRef", response_ref AS "responseRef", results_ref AS "resultsRef",
                    stop_reason AS "stopReason", usage, tool_calls AS "toolCalls", checkpoint_ref AS "checkpointSha",
                    created_at AS "createdAt", sealed_at AS "sealedAt"
             FROM turn WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      values: [runId, after, limit],
    });
    return rows;
  }
}
