import { workflowInfo } from '@temporalio/workflow';

const DEFAULT_MAX_EVENTS = 500;

/** Whether the history is long enough for a new one. Ask only where nothing is in flight. */
export function mustContinue({ maxEvents }: { readonly maxEvents?: number }): boolean {
  const info = workflowInfo();
  return (
    info.continueAsNewSuggested ||
    info.targetWorkerDeploymentVersionChanged ||
    info.historyLength >= (maxEvents ?? DEFAULT_MAX_EVENTS)
  );
}
