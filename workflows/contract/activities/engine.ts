// What only a Temporal client can do for a workflow. Shared queue.
import type { QueueForgeEvent } from '../forge-event.js';
import type { EnqueueInput, EnqueueOutcome } from '../merge-queue.js';
import type { Tuning } from '../tuning.js';

export interface WorkflowStatus {
  readonly workflowId: string;
  readonly state: 'open' | 'closed' | 'absent';
  /** Temporal's close status, for a closed one: COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  readonly closeStatus?: string;
}

export interface EngineActivities {
  /** STORE. Asks Temporal, never the projection. */
  describeWorkflows(input: { readonly workflowIds: readonly string[] }): Promise<readonly WorkflowStatus[]>;
  /**
   * STORE. Update-with-start of the target branch's queue, with the entry's id as update id: a repeat gets the same
   * answer. A validator's refusal is the outcome `refused`, a queue without a live worker is asked again.
   */
  enqueueEntry(input: {
    readonly projectId: string;
    readonly branch: string;
    readonly tuning: Tuning;
    readonly entry: EnqueueInput;
  }): Promise<EnqueueOutcome>;
  /** STORE. Signal-with-start: a branch that nothing waits for has no queue, and its red lane must be known all the same. */
  reportBaseRed(input: {
    readonly projectId: string;
    readonly branch: string;
    readonly tuning: Tuning;
    readonly event: Extract<QueueForgeEvent, { kind: 'baseRed' }>;
  }): Promise<void>;
}
