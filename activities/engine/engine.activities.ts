import { activityInfo, getClient } from '@temporalio/activity';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import type { EngineActivities, WorkflowStatus } from '../../workflows/contract/activities/engine.js';
import { type QueueForgeEvent, queueForgeEventSignal } from '../../workflows/contract/forge-event.js';
import {
  type EnqueueOutcome,
  type EnqueueRefusal,
  type MergeQueueWorkflow,
  mergeQueueEnqueueUpdate,
} from '../../workflows/contract/merge-queue.js';
import { mergeQueueStart } from '../../workflows/contract/starts.js';

const REFUSALS: readonly EnqueueRefusal[] = ['QUEUE_FULL', 'LANE_DRAINING', 'PR_ALREADY_QUEUED', 'INVALID_ENTRY'];

/** Less than the activity's own time, so that a queue without a worker is asked again by the policy. */
const UPDATE_MS = 8_000;

/** What only a Temporal client can do; the client is the worker's own. */
export const createEngineActivities = (client: () => Client = getClient): EngineActivities => ({
  describeWorkflows: ({ workflowIds }) => Promise.all(workflowIds.map((id) => describe(client(), id))),

  async enqueueEntry({ projectId, branch, tuning, entry }) {
    const { workflowType, options } = mergeQueueStart(projectId, branch, tuning);
    const start = new WithStartWorkflowOperation<MergeQueueWorkflow>(workflowType, options);
    try {
      return await client().withDeadline(Date.now() + UPDATE_MS, () =>
        client().workflow.executeUpdateWithStart(mergeQueueEnqueueUpdate, {
          args: [entry],
          updateId: entry.entryId,
          startWorkflowOperation: start,
        }),
      );
    } catch (error) {
      return refusalOf(error);
    }
  },

  async reportBaseRed({ projectId, branch, tuning, event }) {
    const { workflowType, options } = mergeQueueStart(projectId, branch, tuning);
    const signal = { signal: queueForgeEventSignal, signalArgs: [event] as [QueueForgeEvent] };
    await client().workflow.signalWithStart<MergeQueueWorkflow, [QueueForgeEvent]>(workflowType, {
      ...options,
      ...signal,
    });
  },
});

/** A validator's refusal is an answer; anything else is thrown for the policy to repeat. */
function refusalOf(error: unknown): EnqueueOutcome {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    throw new Failure(
      'Unavailable',
      'The merge queue did not answer in time.',
      { attempt: activityInfo().attempt },
      { cause: error },
    );
  }
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) throw error;
  const details: unknown = cause.details?.[0];
  const said = typeof details === 'object' && details !== null && 'code' in details ? details.code : details;
  const code = REFUSALS.find((one) => one === said);
  if (!code)
    throw new Failure('Internal', `The merge queue refused the entry: ${cause.message}`, { type: cause.type ?? '' });
  return { kind: 'refused', code, message: cause.message };
}

async function describe(client: Client, workflowId: string): Promise<WorkflowStatus> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING') return { workflowId, state: 'open' };
    return { workflowId, state: 'closed', closeStatus: status.name };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { workflowId, state: 'absent' };
    throw error;
  }
}
