import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { Pools } from '../../infra/pg/pools.js';
import { POOLS } from '../dependencies.js';

export interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly backend: string;
  readonly model: string | null;
  readonly capacity: number;
  readonly state: string;
  readonly permissionMode: string;
  readonly origin: string;
  readonly liveRuns: number;
  readonly lastActiveAt: Date | null;
  readonly createdAt: Date;
}

/** Settings stay out: argv and paths of the host are nothing for every key. */
const COLUMNS = `id, name, role, backend, model, capacity, state, permission_mode AS "permissionMode", origin,
  (SELECT count(*) FROM run r WHERE r.agent_id = agent.id
     AND r.state IN ('queued', 'running', 'waiting', 'paused', 'degraded')
     AND ($1::uuid[] IS NULL OR r.project_id = ANY($1))) AS "liveRuns",
  last_active_at AS "lastActiveAt", created_at AS "createdAt"`;

@Injectable()
export class AgentRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** By name. */
  async list(filter: {
    readonly scope: readonly string[] | null;
    readonly role: string | null;
    readonly afterName: string | null;
    readonly limit: number;
  }): Promise<readonly AgentRow[]> {
    const { rows } = await this.pools.reads.query<AgentRow>({
      name: 'api-agent-list',
      text: `SELECT ${COLUMNS} FROM agent
             WHERE ($2::text IS NULL OR role = $2) AND ($3::text IS NULL OR name > $3) ORDER BY name LIMIT $4`,
      values: [filter.scope, filter.role, filter.afterName, filter.limit],
    });
    return rows;
  }

  /** @throws NotFound */
  async get(id: string, scope: readonly string[] | null): Promise<AgentRow> {
    const { rows } = await this.pools.reads.query<AgentRow>({
      name: 'api-agent-get',
      text: `SELECT ${COLUMNS} FROM agent WHERE id = $2`,
      values: [scope, id],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such agent.', { id });
    return rows[0];
  }
}
