// What only a Temporal client can do for a workflow. Shared queue.

export interface WorkflowStatus {
  readonly workflowId: string;
  readonly state: 'open' | 'closed' | 'absent';
  /** Temporal's close status, for a closed one: COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  readonly closeStatus?: string;
}

export interface EngineActivities {
  /** STORE. Asks Temporal, never the projection. */
  describeWorkflows(input: { readonly workflowIds: readonly string[] }): Promise<readonly WorkflowStatus[]>;
}
