import { type Client, WorkflowNotFoundError } from '@temporalio/client';

/** For one call: a connection may be silent. */
export const RPC_MS = 10_000;

/** False for a workflow that has ended, and for one that the engine does not know. */
export async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const { status } = await client.withDeadline(Date.now() + RPC_MS, () => handle.describe());
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
