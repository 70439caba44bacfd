import { Injectable } from '@nestjs/common';
import type { UpdateDefinition } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import {
  type FactoryView,
  factoryPauseUpdate,
  factoryStatusQuery,
  factoryThawUpdate,
} from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';
import type { ControlCommand } from '../../workflows/contract/messages.js';
import { type Asked, Controls, notOpen } from '../temporal/controls.js';
import { unlessNotFound, WorkflowGateway } from '../temporal/workflow-gateway.js';

/** Holds and lets go everything at once. The factory is always there, or about to be started by a worker. */
@Injectable()
export class ControlService {
  constructor(
    private readonly workflows: WorkflowGateway,
    private readonly controls: Controls,
  ) {}

  async status(): Promise<FactoryView> {
    const view = await unlessNotFound(this.workflows.query(FACTORY_WORKFLOW_ID, factoryStatusQuery));
    if (view === undefined) throw notOpen('factory', false);
    return view;
  }

  pause(asked: Asked): Promise<FactoryView> {
    return this.send(factoryPauseUpdate, { what: 'control.pause', title: 'Everything paused' }, asked);
  }

  thaw(asked: Asked): Promise<FactoryView> {
    return this.send(factoryThawUpdate, { what: 'control.thaw', title: 'Everything let go again' }, asked);
  }

  private async send(
    update: UpdateDefinition<FactoryView, [ControlCommand]>,
    words: { readonly what: string; readonly title: string },
    asked: Asked,
  ): Promise<FactoryView> {
    if (asked.caller.scope !== null) {
      throw new Failure('PermissionDenied', 'This holds every project; the key is one of certain projects.');
    }
    const control = { update, workflowId: FACTORY_WORKFLOW_ID, fields: {}, subject: {}, ...words };
    const view = await unlessNotFound(this.controls.send(control, asked));
    if (view === undefined) throw notOpen('factory', false);
    return view;
  }
}
