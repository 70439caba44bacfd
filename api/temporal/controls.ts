import { Inject, Injectable } from '@nestjs/common';
import type { UpdateDefinition } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import type { Subject } from '../../infra/pg/events.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { ControlCommand } from '../../workflows/contract/messages.js';
import type { Caller } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { type RowVersion, staleVersion } from '../http/etag.js';
import { requestId } from '../http/idempotency-key.js';
import { WorkflowGateway } from './workflow-gateway.js';

/** A command of a person to a workflow, and how it is written down. */
export interface Control<View, Command extends ControlCommand> {
  readonly update: UpdateDefinition<View, [Command]>;
  readonly workflowId: string;
  /** What the command says beside who, why and the expected revision. */
  readonly fields: Omit<Command, keyof ControlCommand>;
  /** `epic.pause`, `task.cancel`, … */
  readonly what: string;
  readonly title: string;
  /** What the audit names; default: the workflow. */
  readonly object?: string;
  readonly subject: Subject;
  /** The row that If-Match is about. */
  readonly row?: RowVersion;
}

export interface Asked {
  readonly caller: Caller;
  readonly reason?: string | undefined;
  readonly expected?: RowVersion | undefined;
}

@Injectable()
export class Controls {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    private readonly workflows: WorkflowGateway,
  ) {}

  /**
   * Sends the command; the workflow decides. A refusal is the workflow's own, and nothing is written down.
   * @throws NotFound when the workflow is not open, StaleVersion, InvalidState, Conflict, Unavailable
   */
  async send<View, Command extends ControlCommand>(control: Control<View, Command>, asked: Asked): Promise<View> {
    const { caller, reason, expected } = asked;
    // Content edits are ours to compare; transitions are compared by the workflow, whose revision is the newest.
    if (control.row !== undefined && expected !== undefined && control.row.version !== expected.version) {
      throw staleVersion(control.row);
    }
    const command = {
      ...control.fields,
      by: caller.by,
      ...(reason === undefined ? {} : { reason }),
      ...(expected === undefined ? {} : { expectedRevision: expected.revision }),
    } as Command; // its own fields and those of every command
    const view = await this.workflows.update({
      update: control.update,
      workflowId: control.workflowId,
      command,
      updateId: requestId(caller, `${control.what} ${control.workflowId}`),
    });
    await this.writeDown(control, asked);
    return view;
  }

  /** For acts that were carried out otherwise than by an update. */
  async writeDown(
    {
      what,
      workflowId,
      title,
      subject,
      object,
    }: Pick<Control<unknown, never>, 'what' | 'workflowId' | 'title' | 'subject' | 'object'>,
    { caller, reason }: Asked,
  ): Promise<void> {
    await withTransaction(this.pools.writes, (tx) =>
      recordHumanAct(tx, caller, {
        ...subject,
        what,
        object: object ?? workflowId,
        title,
        reason,
        decisionId: requestId(caller, `decision ${what} ${workflowId}`),
      }),
    );
  }
}

/** What "no such workflow" means for a row that is there: it has ended, or the relay has not started it yet. */
export const notOpen = (what: string, hasEnded: boolean): Failure =>
  hasEnded
    ? new Failure('InvalidState', `The ${what} has ended.`)
    : new Failure('Unavailable', `The ${what} is about to start; try again.`, {}, { retryAfterMs: 1_000 });
