import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Plan } from '../../domain/plan/plan.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { POOLS } from '../dependencies.js';

export interface PlanRow {
  readonly epicId: string;
  readonly version: number;
  readonly document: Plan;
  readonly hash: string;
  readonly origin: 'model' | 'given' | 'edited';
  readonly createdBy: string;
  readonly createdAt: Date;
}

const COLUMNS = `epic_id AS "epicId", version, document, hash, origin, created_by AS "createdBy", created_at AS "createdAt"`;

export const planHash = (plan: Plan): string => createHash('sha256').update(JSON.stringify(plan)).digest('hex');

@Injectable()
export class PlanRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** @param version the newest when null */
  async find(epicId: string, version: number | null): Promise<PlanRow | undefined> {
    const { rows } = await this.pools.reads.query<PlanRow>({
      name: 'api-plan-find',
      text: `SELECT ${COLUMNS} FROM plan WHERE epic_id = $1 AND ($2::int IS NULL OR version = $2)
             ORDER BY version DESC LIMIT 1`,
      values: [epicId, version],
    });
    return rows[0];
  }

  /** Stores the next version; call it with the epic's row locked. */
  async append(
    tx: Tx,
    plan: {
      readonly epicId: string;
      readonly document: Plan;
      readonly origin: 'given' | 'edited';
      readonly by: string;
    },
  ): Promise<number> {
    const { rows } = await tx.query<{ version: number }>({
      name: 'api-plan-append',
      text: `INSERT INTO plan (epic_id, version, document, hash, origin, created_by)
             SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM plan WHERE epic_id = $1
             RETURNING version`,
      values: [plan.epicId, JSON.stringify(plan.document), planHash(plan.document), plan.origin, plan.by],
    });
    return rows[0]?.version ?? 1;
  }

  /** Takes a version back that the epic refused, unless a later one was stored since. */
  async withdraw(epicId: string, version: number): Promise<void> {
    await this.pools.writes.query({
      name: 'api-plan-withdraw',
      text: `DELETE FROM plan WHERE epic_id = $1 AND version = $2
             AND version = (SELECT max(version) FROM plan WHERE epic_id = $1)`,
      values: [epicId, version],
    });
  }
}
