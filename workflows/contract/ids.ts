/** The only places where a workflow id is put together. Ids are business ids: a repeated start finds the first. */
export const FACTORY_WORKFLOW_ID = 'factory';
export const epicWorkflowId = (epicId: string): string => `epic/${epicId}`;
export const taskWorkflowId = (taskId: string): string => `task/${taskId}`;
export const runWorkflowId = (runId: string): string => `run/${runId}`;
/** What the engine's store and the rows are compared by. */
export const MARK_WORKFLOW_PREFIX = 'mark/';
/** One queue per project and target branch. */
export const queueWorkflowId = (projectId: string, branch: string): string => `merge-queue/${projectId}/${branch}`;
/** `queueId` is the queue's workflow id; `pathId` never repeats, `attempt` counts infrastructure retries. */
export const buildWorkflowId = (queueId: string, pathId: string, attempt: number): string =>
  `merge-build/${queueId.replace(/^merge-queue\//, '')}/${pathId}/${attempt}`;

/** What a workflow id names, or undefined when it is none of ours. */
export function parseWorkflowId(
  id: string,
): { readonly kind: 'factory' | 'epic' | 'task' | 'run' | 'queue' | 'build'; readonly key: string } | undefined {
  if (id === FACTORY_WORKFLOW_ID) return { kind: 'factory', key: '' };
  const slash = id.indexOf('/');
  if (slash < 0) return undefined;
  const key = id.slice(slash + 1);
  const kinds = { epic: 'epic', task: 'task', run: 'run', 'merge-queue': 'queue', 'merge-build': 'build' } as const;
  const prefix = id.slice(0, slash);
  return prefix in kinds ? { kind: kinds[prefix as keyof typeof kinds], key } : undefined;
}

/** `<project id>/<branch>`: how API and CLI name a queue. */
export const queueKey = (projectId: string, branch: string): string => `${projectId}/${branch}`;
