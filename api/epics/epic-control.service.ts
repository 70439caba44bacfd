import { Inject, Injectable } from '@nestjs/common';
import type { UpdateDefinition } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import { EPIC_MACHINE, isTerminal } from '../../domain/states.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import {
  epicApprovePlanUpdate,
  epicEditPlanUpdate,
  epicLandUpdate,
  epicRetryFailedUpdate,
} from '../../workflows/contract/epic.js';
import { epicWorkflowId } from '../../workflows/contract/ids.js';
import {
  type ControlCommand,
  type ControlView,
  cancelUpdate,
  pauseUpdate,
  resumeUpdate,
} from '../../workflows/contract/messages.js';
import type { Caller } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { checkVersion } from '../http/etag.js';
import { type Asked, Controls, notOpen } from '../temporal/controls.js';
import { unlessNotFound } from '../temporal/workflow-gateway.js';
import type { ApprovePlanDto, PutPlanDto } from './epic.dto.js';
import { EpicRepository, type EpicRow } from './epic.repository.js';
import type { EpicResponse } from './epic.response.js';
import { EpicService } from './epic.service.js';
import { type PlanResponse, toPlanResponse } from './epic-reads.response.js';
import { PlanRepository } from './plan.repository.js';
import { requirePlan } from './plan-input.js';

const PLAIN = {
  pause: { update: pauseUpdate, title: 'Epic paused' },
  resume: { update: resumeUpdate, title: 'Epic resumed' },
  cancel: { update: cancelUpdate, title: 'Epic cancelled' },
  land: { update: epicLandUpdate, title: 'Epic landing approved' },
  retry: { update: epicRetryFailedUpdate, title: 'Failed tasks retried' },
} as const;

/** Commands to a running epic. Its workflow decides; the answer is the view that the update returned. */
@Injectable()
export class EpicControlService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    private readonly controls: Controls,
    private readonly epics: EpicRepository,
    private readonly plans: PlanRepository,
    private readonly answers: EpicService,
  ) {}

  async control(verb: keyof typeof PLAIN, id: string, asked: Asked): Promise<EpicResponse> {
    const row = await this.epics.get(id, asked.caller.scope);
    const view = await this.send(row, verb, PLAIN[verb], {}, asked);
    return this.answers.respond(row, view);
  }

  /** A version that is not the one waiting answers `Conflict`, an epic that waits for no approval `InvalidState`. */
  async approve(id: string, dto: ApprovePlanDto, asked: Asked): Promise<EpicResponse> {
    const row = await this.epics.get(id, asked.caller.scope);
    const planVersion = dto.planVersion ?? row.planVersion;
    if (planVersion === null) throw new Failure('InvalidState', 'The epic has no plan yet.');
    const how = { update: epicApprovePlanUpdate, title: `Plan ${planVersion} approved` };
    return this.answers.respond(row, await this.send(row, 'approve', how, { planVersion }, asked));
  }

  async getPlan(id: string, caller: Caller, version?: number): Promise<PlanResponse> {
    await this.epics.get(id, caller.scope);
    const plan = await this.plans.find(id, version ?? null);
    if (plan === undefined)
      throw new Failure('NotFound', version === undefined ? 'The epic has no plan yet.' : 'The epic has no such plan.');
    return toPlanResponse(plan);
  }

  /** The document is stored first, as the next version; only its number travels to the epic. */
  async putPlan(id: string, dto: PutPlanDto, asked: Asked): Promise<PlanResponse> {
    const { caller, expected } = asked;
    const document = requirePlan(dto.design === undefined ? { tasks: dto.tasks } : { ...dto });
    const { row, planVersion } = await withTransaction(this.pools.writes, async (tx) => {
      const locked = await this.epics.lock(tx, id, caller.scope);
      checkVersion(locked, expected);
      if (isTerminal(EPIC_MACHINE, locked.state)) throw notOpen('epic', true);
      const origin = locked.planVersion === null ? 'given' : 'edited';
      return { row: locked, planVersion: await this.plans.append(tx, { epicId: id, document, origin, by: caller.by }) };
    });
    try {
      const how = { update: epicEditPlanUpdate, title: `Plan ${planVersion} given` };
      // The row's revision was compared above, under its lock.
      await this.send(row, 'editPlan', how, { planVersion }, { ...asked, expected: undefined });
    } catch (error) {
      // An epic that was only out of reach finds the stored version later; one that refused it must not.
      if (error instanceof Failure && error.type !== 'Unavailable') await this.plans.withdraw(id, planVersion);
      throw error;
    }
    return this.getPlan(id, caller, planVersion);
  }

  private async send<Command extends ControlCommand>(
    row: EpicRow,
    verb: string,
    { update, title }: { readonly update: UpdateDefinition<ControlView, [Command]>; readonly title: string },
    fields: Omit<Command, keyof ControlCommand>,
    asked: Asked,
  ): Promise<ControlView> {
    const view = await unlessNotFound(
      this.controls.send(
        {
          update,
          fields,
          workflowId: epicWorkflowId(row.id),
          what: `epic.${verb}`,
          title,
          subject: { projectId: row.projectId, epicId: row.id },
          row,
        },
        asked,
      ),
    );
    if (view === undefined) throw notOpen('epic', isTerminal(EPIC_MACHINE, row.state));
    return view;
  }
}
