import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { Proposal } from '../../domain/project-config/detect.js';
import type { AwaitedContext } from '../../domain/waiting-words.js';
import { violatedUnique } from '../../infra/pg/failures.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { AWAITED, IS_AWAITED } from './awaited.js';

export interface ProjectRow {
  readonly id: string;
  readonly name: string;
  readonly forge: string;
  readonly source: string;
  readonly remote: string;
  readonly baseBranch: string | null;
  readonly state: 'importing' | 'ready' | 'refused' | 'red';
  readonly reason: string | null;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly proposals: readonly Proposal[];
  readonly tipSha: string | null;
  readonly commitIdentity: string;
  readonly createdBy: string;
  readonly version: number;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly archivedAt: Date | null;
  readonly linearTeam: string | null;
  readonly isLinearTeamFound: boolean;
  readonly linearProblem: string | null;
  /** What the forge calls the base, where that is another name. */
  readonly forgeBaseBranch: string | null;
  /** Since when the base is gone at the forge. */
  readonly baseGoneSince: Date | null;
  /** What its import waits for. */
  readonly awaited: readonly AwaitedContext[];
}

const COLUMNS = `id, name, forge, source, remote, base_branch AS "baseBranch", state, reason, overrides, config, proposals,
  tip_sha AS "tipSha", commit_identity AS "commitIdentity", created_by AS "createdBy", version, revision,
  created_at AS "createdAt", updated_at AS "updatedAt", archived_at AS "archivedAt",
  linear_team_key AS "linearTeam", linear_team_id IS NOT NULL AS "isLinearTeamFound",
  linear_problem AS "linearProblem", forge_base_branch AS "forgeBaseBranch",
  base_gone_since AS "baseGoneSince",
  (SELECT coalesce(jsonb_agg(${AWAITED} ORDER BY c.asked_at), '[]') FROM forge_check c
   WHERE c.project_id = project.id AND c.build_id LIKE 'project/%' AND ${IS_AWAITED}) AS awaited`;

export interface NewProject {
  readonly id: string;
  readonly name: string;
  readonly forge: string;
  readonly source: string;
  readonly remote: string;
  readonly forgeName: string | null;
  readonly baseBranch: string | null;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly createdBy: string;
}

export interface ProjectChange {
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly commitIdentity: string;
}

@Injectable()
export class ProjectRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** @throws NotFound, for a project outside the scope too */
  async get(id: string, scope: Scope, db: Queryable = this.pools.reads): Promise<ProjectRow> {
    const { rows } = await db.query<ProjectRow>({
      name: 'api-project-get',
      text: `SELECT ${COLUMNS} FROM project WHERE id = $1 AND ($2::uuid[] IS NULL OR id = ANY($2))`,
      values: [id, scope],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such project.', { id });
    return rows[0];
  }

  /** As `get`, held against every other writer until the transaction ends. */
  async lock(tx: Tx, id: string, scope: Scope): Promise<ProjectRow> {
    await tx.query({ name: 'api-project-lock', text: 'SELECT 1 FROM project WHERE id = $1 FOR UPDATE', values: [id] });
    return this.get(id, scope, tx);
  }

  async list(filter: {
    readonly scope: Scope;
    readonly state: string | null;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly ProjectRow[]> {
    const { rows } = await this.pools.reads.query<ProjectRow>({
      name: 'api-project-list',
      text: `SELECT ${COLUMNS} FROM project
             WHERE archived_at IS NULL AND ($1::uuid[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR state = $2)
               AND ($3::uuid IS NULL OR id < $3)
             ORDER BY id DESC LIMIT $4`,
      values: [filter.scope, filter.state, filter.before, filter.limit],
    });
    return rows;
  }

  /** @throws Conflict when the name or the remote is that of a live project */
  async insert(tx: Tx, project: NewProject): Promise<ProjectRow> {
    try {
      const { rows } = await tx.query<ProjectRow>({
        name: 'api-project-insert',
        text: `INSERT INTO project (id, name, forge, source, remote, base_branch, state, overrides, created_by,
                 forge_name)
               VALUES ($1, $2, $3, $4, $5, $6, 'importing', $7, $8, $9)
               ON CONFLICT (forge, remote) WHERE archived_at IS NULL DO NOTHING RETURNING ${COLUMNS}`,
        values: [
          project.id,
          project.name,
          project.forge,
          project.source,
          project.remote,
          project.baseBranch,
          JSON.stringify(project.overrides),
          project.createdBy,
          project.forgeName,
        ],
      });
      return rows[0] ?? (await this.refuseSource(tx, project));
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      const detail = `There is a project named ${project.name} already.`;
      throw new Failure('Conflict', detail, { field: 'name' }, { cause: error });
    }
  }

  private async refuseSource(tx: Tx, { forge, remote }: NewProject): Promise<never> {
    const { rows } = await tx.query<{ readonly name: string }>({
      name: 'api-project-of-source',
      text: 'SELECT name FROM project WHERE forge = $1 AND remote = $2 AND archived_at IS NULL',
      values: [forge, remote],
    });
    const named = rows.map(({ name }) => `: ${name}`).join('');
    throw new Failure('Conflict', `There is a project with this source already${named}.`, { field: 'source' });
  }

  async change(tx: Tx, id: string, { overrides, commitIdentity }: ProjectChange): Promise<ProjectRow> {
    const { rows } = await tx.query<ProjectRow>({
      name: 'api-project-change',
      text: `UPDATE project SET overrides = $2, commit_identity = $3, version = version + 1, updated_at = now()
             WHERE id = $1 RETURNING ${COLUMNS}`,
      values: [id, JSON.stringify(overrides), commitIdentity],
    });
    return oneRow(rows);
  }

  /** What stands at the forge in place of the base: work keeps the name that it began with. */
  async setForgeBase(tx: Tx, id: string, branch: string): Promise<ProjectRow> {
    const { rows } = await tx.query<ProjectRow>({
      name: 'api-project-forge-base',
      text: `UPDATE project SET base_branch = coalesce(base_branch, $2), base_gone_since = NULL,
               forge_base_branch = nullif($2, base_branch), version = version + 1, updated_at = now()
             WHERE id = $1 RETURNING ${COLUMNS}`,
      values: [id, branch],
    });
    return oneRow(rows);
  }

  /** Another team is found anew, and read from now on. @throws Conflict when another live project has it */
  async setLinearTeam(tx: Tx, id: string, team: string | null): Promise<ProjectRow> {
    try {
      const { rows } = await tx.query<ProjectRow>({
        name: 'api-project-linear',
        text: `UPDATE project SET linear_team_key = $2, linear_team_id = NULL, linear_problem = NULL,
                 linear_since = CASE WHEN $2::text IS NULL THEN NULL ELSE now() END, version = version + 1,
                 updated_at = now()
               WHERE id = $1 RETURNING ${COLUMNS}`,
        values: [id, team],
      });
      return oneRow(rows);
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      const message = `Another project takes the issues of the team ${team}.`;
      throw new Failure('Conflict', message, { field: 'linearTeam' }, { cause: error });
    }
  }

  /** Marks it for import and inspection, which the factory does. */
  async setImporting(tx: Tx, id: string): Promise<ProjectRow> {
    const { rows } = await tx.query<ProjectRow>({
      name: 'api-project-importing',
      text: `UPDATE project SET state = 'importing', reason = NULL, revision = revision + 1, updated_at = now()
             WHERE id = $1 RETURNING ${COLUMNS}`,
      values: [id],
    });
    return oneRow(rows);
  }

  async archive(tx: Tx, id: string): Promise<ProjectRow> {
    const { rows } = await tx.query<ProjectRow>({
      name: 'api-project-archive',
      text: `UPDATE project SET archived_at = now(), version = version + 1, updated_at = now()
             WHERE id = $1 RETURNING ${COLUMNS}`,
      values: [id],
    });
    return oneRow(rows);
  }

  async countOpenWork(tx: Tx, id: string): Promise<number> {
    const { rows } = await tx.query<{ open: number }>({
      name: 'api-project-open-work',
      text: `SELECT (SELECT count(*) FROM epic WHERE project_id = $1 AND state NOT IN ('COMPLETED', 'CANCELLED'))
                  + (SELECT count(*) FROM task WHERE project_id = $1 AND epic_id IS NULL
                     AND state NOT IN ('COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED')) AS open`,
      values: [id],
    });
    return rows[0]?.open ?? 0;
  }

  /** Names of the agents that exist; a project may only name these. */
  async agentNames(): Promise<ReadonlySet<string>> {
    const { rows } = await this.pools.reads.query<{ name: string }>({
      name: 'api-agent-names',
      text: 'SELECT name FROM agent',
    });
    return new Set(rows.map(({ name }) => name));
  }
}

const oneRow = (rows: readonly ProjectRow[]): ProjectRow => {
  if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such project.');
  return rows[0];
};
