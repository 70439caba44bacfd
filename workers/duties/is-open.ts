import { type Client, WorkflowNotFoundError } from '@temporalio/client';

/** False for a workflow that has ended, and for one that the engine does not know. */
export async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
