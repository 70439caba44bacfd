import { basename } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import { normaliseSource, parseSource, resolveLocalSource, type Source } from '../../infra/git/source.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { factoryProjectChangedSignal } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';
import type { Caller } from '../auth/caller.js';
import { type ApiRuntimeSettings, POOLS, SETTINGS } from '../dependencies.js';
import { openCursor, toPage } from '../http/cursor.js';
import { checkVersion, type RowVersion } from '../http/etag.js';
import { recordAnswer } from '../http/idempotency.repository.js';
import type { Asked } from '../temporal/controls.js';
import { acceptProposals } from './accept-proposals.js';
import { findOnGitHub, type ProjectPlace } from './github-project.js';
import { readTeamKey, tellOfTracker } from './linear-team.js';
import { mergePatch } from './merge-patch.js';
import { readOverrides } from './overrides.js';
import type { CreateProjectDto, ListProjectsQuery, PatchProjectDto } from './project.dto.js';
import { ProjectRepository, type ProjectRow } from './project.repository.js';
import { type ProjectPage, type ProjectResponse, toProjectResponse } from './project.response.js';

@Injectable()
export class ProjectService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    @Inject(SETTINGS) private readonly settings: ApiRuntimeSettings,
    private readonly projects: ProjectRepository,
  ) {}

  /** Stores the project as `importing`; the factory imports and inspects it. */
  async create(dto: CreateProjectDto, caller: Caller): Promise<ProjectResponse> {
    if (caller.scope !== null) throw new Failure('PermissionDenied', 'A key of certain projects cannot add one.');
    const place = await this.placeOf(dto, caller);
    const overrides = await this.readAdminOverrides(dto.overrides, caller);
    return withTransaction(this.pools.writes, async (tx) => {
      const row = await this.projects.insert(tx, {
        id: uuidv7(),
        ...place,
        name: dto.name ?? nameOf(place.remote),
        baseBranch: dto.baseBranch ?? null,
        overrides,
        createdBy: caller.by,
      });
      await tellFactory(tx, row.id);
      const linked = await this.link(tx, row, dto.linearTeam);
      const answer = this.respond(linked);
      await recordAnswer(tx, caller, 201, answer);
      await this.record(tx, caller, 'created', linked);
      return answer;
    });
  }

  async list(query: ListProjectsQuery, caller: Caller): Promise<ProjectPage> {
    const question = { list: 'projects', filters: { state: query.state } };
    const before = openCursor(caller, question, query.cursor) ?? null;
    const { limit } = query;
    const filter = { scope: caller.scope, state: query.state ?? null, before, limit: limit + 1 };
    const rows = await this.projects.list(filter);
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: (row) => this.respond(row) });
  }

  async get(id: string, caller: Caller): Promise<ProjectResponse> {
    return this.respond(await this.projects.get(id, caller.scope));
  }

  /** Content that the inspection reads has changed, so the project is inspected again. */
  async patch(id: string, dto: PatchProjectDto, caller: Caller, expected?: RowVersion): Promise<ProjectResponse> {
    const agents = await this.projects.agentNames();
    return withTransaction(this.pools.writes, async (tx) => {
      const before = await this.lockLive(tx, id, caller);
      checkVersion(before, expected);
      const overrides = readOverrides(patchedOverrides(before, dto), agents);
      const changed = await this.projects.change(tx, id, {
        overrides: { ...overrides },
        commitIdentity: dto.commitIdentity ?? before.commitIdentity,
      });
      const isInspected = dto.overrides !== undefined || dto.acceptChecks === true;
      const linked = await this.link(tx, changed, dto.linearTeam);
      const isMoved = await this.moveBase(tx, linked, dto.baseBranch);
      const row = isInspected || isMoved ? await this.startImport(tx, id) : linked;
      await this.record(tx, caller, 'changed', row, { before });
      return this.respond(row);
    });
  }

  async archive(id: string, { caller, reason, expected }: Asked): Promise<ProjectResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const before = await this.lockLive(tx, id, caller);
      checkVersion(before, expected);
      const open = await this.projects.countOpenWork(tx, id);
      if (open > 0) throw new Failure('InvalidState', `The project has open work: ${open} epics or tasks.`, { open });
      const row = await this.projects.archive(tx, id);
      await this.record(tx, caller, 'archived', row, { before, reason });
      return this.respond(row);
    });
  }

  /** Imports the source's branch again. */
  async sync(id: string, { caller, reason, expected }: Asked): Promise<ProjectResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const before = await this.lockLive(tx, id, caller);
      checkVersion(before, expected);
      const row = await this.startImport(tx, id);
      await this.record(tx, caller, 'synced', row, { before, reason });
      return this.respond(row);
    });
  }

  /** @returns whether it is to be imported anew */
  private async moveBase(tx: Tx, row: ProjectRow, branch: string | undefined): Promise<boolean> {
    if (branch === undefined) return false;
    if (row.forge === 'local')
      throw new Failure('InvalidState', 'The base of an imported project is a branch of our own: add it anew instead.');
    await this.projects.setForgeBase(tx, row.id, branch);
    return true;
  }

  /** Whoever links a project again to its team has it found again. */
  private async link(tx: Tx, row: ProjectRow, asked: string | undefined): Promise<ProjectRow> {
    if (asked === undefined) return row;
    const linked = await this.projects.setLinearTeam(tx, row.id, readTeamKey(asked, this.settings.linear));
    await tellOfTracker(tx, row.id);
    return linked;
  }

  private async placeOf({ source: text, forge }: CreateProjectDto, caller: Caller): Promise<ProjectPlace> {
    const found = findOnGitHub(text, forge, this.settings.github);
    if (found !== undefined) return found;
    const source = await this.readSource(text, caller);
    const remote = normaliseSource(source);
    return { forge: 'local', source: source.kind === 'path' ? source.path : source.url, remote, forgeName: null };
  }

  private async readSource(text: string, caller: Caller): Promise<Source> {
    const source = parseSource(text);
    if (source.kind === 'https') return source;
    if (caller.role !== 'admin') {
      throw new Failure('PermissionDenied', 'A source on this host needs an admin key: it is read with our rights.');
    }
    return { kind: 'path', path: await resolveLocalSource(source.path, this.settings.home) };
  }

  private async readAdminOverrides(overrides: CreateProjectDto['overrides'], caller: Caller) {
    if (overrides === undefined) return {};
    if (caller.role !== 'admin') throw new Failure('PermissionDenied', 'Overrides need an admin key.');
    return { ...readOverrides(overrides, await this.projects.agentNames()) };
  }

  private async lockLive(tx: Tx, id: string, caller: Caller): Promise<ProjectRow> {
    const row = await this.projects.lock(tx, id, caller.scope);
    if (row.archivedAt !== null) throw new Failure('InvalidState', 'The project is archived.');
    return row;
  }

  private async startImport(tx: Tx, id: string): Promise<ProjectRow> {
    const row = await this.projects.setImporting(tx, id);
    await tellFactory(tx, id);
    return row;
  }

  private async record(
    tx: Tx,
    caller: Caller,
    verb: string,
    row: ProjectRow,
    { before, reason }: { readonly before?: ProjectRow; readonly reason?: string | undefined } = {},
  ): Promise<void> {
    await recordHumanAct(tx, caller, {
      projectId: row.id,
      what: `project.${verb}`,
      object: `project/${row.id}`,
      title: `Project ${row.name} ${verb}`,
      reason,
      before,
      after: row,
      event: { type: `project.${verb}`, data: { name: row.name, state: row.state } },
    });
  }

  private respond(row: ProjectRow): ProjectResponse {
    const repository = row.forge === 'local' ? forgeRepository(this.settings, row.id) : `${row.source}.git`;
    return toProjectResponse(row, repository);
  }
}

export const forgeRepository = ({ forgeDirectory }: Pick<ApiRuntimeSettings, 'forgeDirectory'>, id: string): string =>
  `${forgeDirectory}/${id}.git`;

const tellFactory = async (tx: Tx, projectId: string): Promise<void> => {
  await insertOutbox(tx, {
    kind: 'signal',
    workflowId: FACTORY_WORKFLOW_ID,
    name: factoryProjectChangedSignal.name,
    input: { projectId },
  });
};

/** @throws InvalidState when there is nothing to accept */
const patchedOverrides = (row: ProjectRow, dto: PatchProjectDto): Readonly<Record<string, unknown>> => {
  const merged = mergePatch(row.overrides, dto.overrides ?? {});
  if (dto.acceptChecks !== true) return merged;
  const accepted = acceptProposals(row.proposals, dto.accept);
  if (accepted.checks?.length === 0) throw new Failure('InvalidState', 'There is no such proposed check to accept.');
  return mergePatch(merged, accepted);
};

const nameOf = (remote: string): string =>
  basename(remote)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100) || 'project';
