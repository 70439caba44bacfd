import { workflowInfo } from '@temporalio/workflow';

const DEFAULT_MAX_EVENTS = 500;
/** Spreads the ends of histories: workflows that talk to each other must not all be replayed in the same moment. */
const SPREAD_EVENTS = 120;

/** Whether the history is long enough for a new one. Ask only where nothing is in flight. */
export function mustContinue({ maxEvents }: { readonly maxEvents?: number }): boolean {
  const info = workflowInfo();
  return (
    info.continueAsNewSuggested ||
    info.targetWorkerDeploymentVersionChanged ||
    info.historyLength >= (maxEvents ?? DEFAULT_MAX_EVENTS + spread(info.workflowId))
  );
}

const spread = (id: string): number => [...id].reduce((sum, char) => sum + char.charCodeAt(0), 0) % SPREAD_EVENTS;
