import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import { probeTemporal, type TemporalEndpoint } from '../../infra/temporal.js';
import { isLostInContinuation, toGatewayFailure } from '../../infra/temporal-failures.js';
import { RenewedTemporal } from '../../infra/temporal-renewal.js';
import type { MergeQueueWorkflow } from '../../workflows/contract/merge-queue.js';
import type { mergeQueueStart } from '../../workflows/contract/starts.js';

const DEADLINE_MS = 10_000;
const PROBE_MS = 5_000;
const CONTINUATION_RETRIES = 3;

export interface UpdateCall<Result, Command> {
  readonly update: UpdateDefinition<Result, [Command]>;
  readonly workflowId: string;
  readonly command: Command;
  /** The server answers a repeat within one run with the first result. Default: a fresh one. */
  readonly updateId?: string;
}

/** The only place of the API that talks to Temporal. Starts go through the outbox. */
export class WorkflowGateway {
  private readonly temporal: RenewedTemporal;

  /** Connects with the first call, so that the API comes up and accepts work while Temporal is away. */
  constructor(private readonly endpoint: TemporalEndpoint) {
    this.temporal = new RenewedTemporal(endpoint);
  }

  /**
   * Sends an update and answers its result.
   * @throws NotFound when the workflow is not open; the workflow's own refusal; Unavailable after 10 s
   */
  async update<Result, Command>(call: UpdateCall<Result, Command>): Promise<Result> {
    const updateId = call.updateId ?? randomUUID();
    const handle = this.temporal.client.workflow.getHandle(call.workflowId);
    return this.bounded(() => handle.executeUpdate(call.update, { args: [call.command], updateId }));
  }

  /** Starts the workflow unless it is open, and sends it the update. @throws as `update` */
  async updateWithStart<Result, Command>(
    call: Omit<UpdateCall<Result, Command>, 'workflowId'>,
    start: ReturnType<typeof mergeQueueStart>,
  ): Promise<Result> {
    const updateId = call.updateId ?? randomUUID();
    return this.bounded(() =>
      this.temporal.client.workflow.executeUpdateWithStart(call.update, {
        args: [call.command],
        updateId,
        // Each call needs one of its own: the operation remembers that it ran.
        startWorkflowOperation: new WithStartWorkflowOperation<MergeQueueWorkflow>(start.workflowType, start.options),
      }),
    );
  }

  /** @throws NotFound when the workflow is not open; Unavailable when no worker answers */
  async query<Result, Args extends unknown[]>(
    workflowId: string,
    query: QueryDefinition<Result, Args>,
    ...args: Args
  ): Promise<Result> {
    return this.bounded(() => this.temporal.client.workflow.getHandle(workflowId).query(query, ...args));
  }

  /** A real round trip through the server's store. @throws Unavailable */
  async probe(): Promise<void> {
    await probeTemporal(this.temporal);
  }

  /** Workers that asked for workflow tasks of the queue within the last minutes. @throws Unavailable */
  async countPollers(taskQueue: string): Promise<number> {
    const answer = await this.bounded(
      () =>
        this.temporal.client.workflowService.describeTaskQueue({
          namespace: this.endpoint.namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: WORKFLOW_TASKS,
        }),
      PROBE_MS,
    );
    return (answer.pollers ?? []).length;
  }

  async close(): Promise<void> {
    await this.temporal.close();
  }

  private async bounded<T>(call: () => Promise<T>, withinMs = DEADLINE_MS): Promise<T> {
    const deadline = Date.now() + withinMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.temporal.client.withDeadline(deadline, call);
      } catch (error) {
        if (!isLostInContinuation(error) || attempt >= CONTINUATION_RETRIES) throw toGatewayFailure(error);
        await sleep(50 * 2 ** attempt);
      }
    }
  }
}

/** `TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW` of the API. */
const WORKFLOW_TASKS = 1;

/** Answers undefined instead of throwing when the workflow is not open. */
export const unlessNotFound = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return undefined;
    throw error;
  }
};
