import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { RateState } from '../../domain/forge/rate.js';
import type { LaneMode } from '../../domain/merge/types.js';
import type { AwaitedContext } from '../../domain/waiting-words.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { AWAITED, IS_AWAITED } from '../projects/awaited.js';

export interface LaneRow {
  readonly projectId: string;
  readonly projectName: string;
  /** Of its project. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly branch: string;
  readonly mode: LaneMode;
  readonly pausedBy: readonly string[];
  readonly draining: boolean;
  readonly by: string;
  readonly reason: string;
  readonly tipSha: string;
  readonly since: Date;
  readonly liveEntries: number;
  /** Of its project's forge; null where nobody has asked it yet, or it has no limit. */
  readonly forgeLimit: { readonly state: RateState; readonly nowMs: number } | null;
  /** Milliseconds since the epoch, while the base is gone at the forge and this is its queue. */
  readonly baseGoneMs: number | null;
  /** What its builds wait for longest. */
  readonly awaited: AwaitedContext | null;
}

const LANE_COLUMNS = `l.project_id AS "projectId", p.name AS "projectName", p.overrides, l.branch, l.mode, l.paused_by AS "pausedBy",
  l.draining, l.by, l.reason, l.tip_sha AS "tipSha", l.since,
  (SELECT count(*) FROM queue_entry e WHERE e.project_id = l.project_id AND e.branch = l.branch
     AND e.state IN ('queued', 'active', 'rebasing')) AS "liveEntries",
  (SELECT jsonb_build_object('state', f.state, 'nowMs', extract(epoch FROM clock_timestamp()) * 1000)
   FROM forge_limit f WHERE p.forge = 'github' AND f.scope = coalesce('installation/' || p.forge_installation_id,
     (SELECT t.scope FROM forge_limit t WHERE t.scope LIKE 'token/%' ORDER BY t.updated_at DESC LIMIT 1))) AS "forgeLimit",
  CASE WHEN p.base_branch = l.branch THEN extract(epoch FROM p.base_gone_since)::float8 * 1000 END AS "baseGoneMs",
  (SELECT ${AWAITED} FROM forge_check c JOIN queue_build b ON b.id = c.build_id
   WHERE b.project_id = l.project_id AND b.branch = l.branch AND c.project_id = l.project_id AND ${IS_AWAITED}
   ORDER BY c.asked_at LIMIT 1) AS awaited`;

export interface EntryRow {
  readonly id: string;
  readonly projectId: string;
  readonly branch: string;
  readonly prNumber: number;
  readonly taskId: string | null;
  readonly epicId: string | null;
  readonly title: string;
  readonly headRef: string;
  readonly headSha: string;
  readonly seq: number;
  readonly priority: number;
  readonly fixesBase: boolean;
  readonly state: string;
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly landedSha: string | null;
  readonly enqueuedBy: string;
  readonly enqueuedAt: Date;
  readonly decidedAt: Date | null;
}

const ENTRY_COLUMNS = `id, project_id AS "projectId", branch, pr_number AS "prNumber", task_id AS "taskId",
  epic_id AS "epicId", title, head_ref AS "headRef", head_sha AS "headSha", seq, priority, fixes_base AS "fixesBase", state,
  reason, detail, landed_sha AS "landedSha", enqueued_by AS "enqueuedBy", enqueued_at AS "enqueuedAt",
  decided_at AS "decidedAt"`;

@Injectable()
export class QueueRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** Every queue that ever ran, by project and branch, but for those of ended epics: nothing comes to them any more. */
  async lanes(filter: {
    readonly scope: Scope;
    readonly projectId: string | null;
    readonly after: { readonly projectId: string; readonly branch: string } | null;
    readonly limit: number;
  }): Promise<readonly LaneRow[]> {
    const { rows } = await this.pools.reads.query<LaneRow>({
      name: 'api-queue-lanes',
      text: `SELECT ${LANE_COLUMNS} FROM queue_lane l JOIN project p ON p.id = l.project_id
             WHERE ($1::uuid[] IS NULL OR l.project_id = ANY($1)) AND ($2::uuid IS NULL OR l.project_id = $2)
               AND NOT EXISTS (SELECT 1 FROM epic o WHERE o.project_id = l.project_id AND o.branch = l.branch
                                 AND o.state IN ('COMPLETED', 'CANCELLED'))
               AND ($3::uuid IS NULL OR (l.project_id, l.branch) > ($3, $4::text))
             ORDER BY l.project_id, l.branch LIMIT $5`,
      values: [
        filter.scope,
        filter.projectId,
        filter.after?.projectId ?? null,
        filter.after?.branch ?? null,
        filter.limit,
      ],
    });
    return rows;
  }

  /** Whether anything can land on the branch: the base, a configured target, an epic's, or one that has a queue. */
  async isTarget(projectId: string, branch: string): Promise<boolean> {
    const { rowCount } = await this.pools.reads.query({
      name: 'api-queue-is-target',
      text: `SELECT 1 FROM project WHERE id = $1 AND (base_branch = $2 OR config #>> '{merge,target}' = $2)
             UNION ALL SELECT 1 FROM epic WHERE project_id = $1 AND branch = $2
             UNION ALL SELECT 1 FROM queue_lane WHERE project_id = $1 AND branch = $2 LIMIT 1`,
      values: [projectId, branch],
    });
    return rowCount > 0;
  }

  /** The branch of an epic that may not have made it yet. */
  async isToCome(projectId: string, branch: string): Promise<boolean> {
    const { rowCount } = await this.pools.reads.query({
      name: 'api-queue-is-to-come',
      text: `SELECT 1 FROM epic WHERE project_id = $1 AND branch = $2 AND phase = 'planning'`,
      values: [projectId, branch],
    });
    return rowCount > 0;
  }

  async findLane(projectId: string, branch: string): Promise<LaneRow | undefined> {
    const { rows } = await this.pools.reads.query<LaneRow>({
      name: 'api-queue-lane',
      text: `SELECT ${LANE_COLUMNS} FROM queue_lane l JOIN project p ON p.id = l.project_id
             WHERE l.project_id = $1 AND l.branch = $2`,
      values: [projectId, branch],
    });
    return rows[0];
  }

  /** Newest first, ended ones too. */
  async entries(filter: {
    readonly projectId: string;
    readonly branch: string;
    readonly state: string | null;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly EntryRow[]> {
    const { rows } = await this.pools.reads.query<EntryRow>({
      name: 'api-queue-entries',
      text: `SELECT ${ENTRY_COLUMNS} FROM queue_entry
             WHERE project_id = $1 AND branch = $2 AND ($3::text IS NULL OR state = $3)
               AND ($4::uuid IS NULL OR (seq, id) < (SELECT seq, id FROM queue_entry WHERE id = $4))
             ORDER BY seq DESC, id DESC LIMIT $5`,
      values: [filter.projectId, filter.branch, filter.state, filter.before, filter.limit],
    });
    return rows;
  }

  /** @throws NotFound, for an entry of a project outside the scope too */
  async entry(id: string, scope: Scope): Promise<EntryRow> {
    const { rows } = await this.pools.reads.query<EntryRow>({
      name: 'api-queue-entry',
      text: `SELECT ${ENTRY_COLUMNS} FROM queue_entry WHERE id = $1 AND ($2::uuid[] IS NULL OR project_id = ANY($2))`,
      values: [id, scope],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such entry.', { id });
    return rows[0];
  }
}
