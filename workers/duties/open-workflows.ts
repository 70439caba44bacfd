import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { RPC_MS } from './is-open.js';

export interface OpenWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly startTime: Date;
}

/** For the whole list. */
const LIST_MS = 6 * RPC_MS;

/** Running workflows of these types. The list lags: it may still show what has just ended. */
export const listOpenWorkflows = (client: Client, types: readonly string[]): Promise<readonly OpenWorkflow[]> =>
  client.withDeadline(Date.now() + LIST_MS, async () => {
    const found: OpenWorkflow[] = [];
    const query = `ExecutionStatus = 'Running' AND WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`;
    for await (const { workflowId, runId, startTime } of client.workflow.list({ query, pageSize: 1000 }))
      found.push({ workflowId, runId, startTime });
    return found;
  });

/** Terminates one execution; one that has ended meanwhile is left alone. */
export async function endWorkflow(
  client: Client,
  { workflowId, runId }: Pick<OpenWorkflow, 'workflowId' | 'runId'>,
  reason: string,
): Promise<void> {
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    await client.withDeadline(Date.now() + RPC_MS, () => handle.terminate(reason));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
