import { workflowInfo } from '@temporalio/workflow';
import type { LifecycleKey } from '../contract/lifecycle.js';

/** One chain of runs of this workflow: its log's numbers go on through continue-as-new and begin anew with a new start. */
export const lifecycleKey = (): LifecycleKey => {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return { workflowId, firstRunId: firstExecutionRunId };
};
