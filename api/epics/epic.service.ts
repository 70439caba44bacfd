import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import { type NewEpic, newEpic } from '../../domain/new-epic.js';
import type { Plan } from '../../domain/plan/plan.js';
import type { ProjectConfig } from '../../domain/project-config/types.js';
import { EPIC_MACHINE, isTerminal } from '../../domain/states.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { epicWorkflowId } from '../../workflows/contract/ids.js';
import type { ControlView } from '../../workflows/contract/messages.js';
import type { Caller } from '../auth/caller.js';
import { type ApiRuntimeSettings, POOLS, SETTINGS } from '../dependencies.js';
import { openCursor, toPage } from '../http/cursor.js';
import { checkVersion, type RowVersion } from '../http/etag.js';
import { recordAnswer } from '../http/idempotency.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { requireReady } from '../projects/readiness.js';
import { temporalLink } from '../temporal/links.js';
import { startEpic } from '../temporal/starts.js';
import { given } from '../validation/given.js';
import type { CreateEpicDto, ListEpicsQuery, PatchEpicDto } from './epic.dto.js';
import { EpicRepository, type EpicRow } from './epic.repository.js';
import { type EpicPage, type EpicResponse, toEpicResponse } from './epic.response.js';
import { PlanRepository } from './plan.repository.js';
import { requirePlan } from './plan-input.js';

@Injectable()
export class EpicService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    @Inject(SETTINGS) private readonly settings: ApiRuntimeSettings,
    private readonly epics: EpicRepository,
    private readonly plans: PlanRepository,
    private readonly projects: ProjectRepository,
  ) {}

  /** Accepted at commit: row, plan and the request to start its workflow are one transaction. */
  async create(dto: CreateEpicDto, caller: Caller): Promise<EpicResponse> {
    const plan = dto.plan === undefined ? undefined : requirePlan(dto.plan);
    return withTransaction(this.pools.writes, async (tx) => {
      const project = await this.projects.get(dto.projectId, caller.scope, tx);
      const config = requireReady(project);
      const row = await this.epics.insert(tx, this.newEpic(dto, config, plan, caller));
      if (plan !== undefined) {
        await this.plans.append(tx, { epicId: row.id, document: plan, origin: 'given', by: caller.by });
      }
      await startEpic(tx, row, this.settings.tuning);
      const answer = this.respond({ ...row, planVersion: plan === undefined ? null : 1 });
      await recordAnswer(tx, caller, 201, answer);
      await recordHumanAct(tx, caller, {
        projectId: row.projectId,
        epicId: row.id,
        what: 'epic.created',
        object: epicWorkflowId(row.id),
        title: `Epic created: ${row.title}`,
        after: row,
        event: { type: 'epic.created', data: { title: row.title, state: row.state, phase: row.phase } },
      });
      return answer;
    });
  }

  async list(query: ListEpicsQuery, caller: Caller): Promise<EpicPage> {
    const { limit, projectId, state } = query;
    const question = { list: 'epics', filters: { projectId, state } };
    const before = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.epics.list({
      scope: caller.scope,
      projectId: projectId ?? null,
      state: state ?? null,
      before,
      limit: limit + 1,
    });
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: (row) => this.respond(row) });
  }

  async get(id: string, caller: Caller): Promise<EpicResponse> {
    return this.respond(await this.epics.get(id, caller.scope));
  }

  /** Content only; what has been planned from the old words stays as it is. */
  async patch(id: string, dto: PatchEpicDto, caller: Caller, expected?: RowVersion): Promise<EpicResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const before = await this.epics.lock(tx, id, caller.scope);
      checkVersion(before, expected);
      if (isTerminal(EPIC_MACHINE, before.state)) throw new Failure('InvalidState', 'The epic has ended.');
      const row = await this.epics.change(tx, id, { ...before, ...given(dto) });
      await recordHumanAct(tx, caller, {
        projectId: row.projectId,
        epicId: id,
        what: 'epic.changed',
        object: epicWorkflowId(id),
        title: `Epic changed: ${Object.keys(given(dto)).join(', ')}`,
        before,
        after: row,
        event: { type: 'epic.changed', data: { title: row.title } },
      });
      return this.respond(row);
    });
  }

  respond(row: EpicRow, view?: ControlView): EpicResponse {
    return toEpicResponse(row, temporalLink(this.settings, epicWorkflowId(row.id)), view);
  }

  private newEpic(dto: CreateEpicDto, config: ProjectConfig, plan: Plan | undefined, caller: Caller): NewEpic {
    const { review: _, plan: __, ...wish } = given(dto);
    const planner = plan === undefined ? {} : { planner: 'given' as const };
    const { projectId, title } = dto;
    const filed = { ...wish, ...planner, projectId, title, id: uuidv7(), createdBy: caller.by };
    return newEpic(filed, config, this.settings.epicMicroUsd);
  }
}
