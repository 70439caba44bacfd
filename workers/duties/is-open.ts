import { type Client, WorkflowNotFoundError } from '@temporalio/client';

/** For one call: a connection may be silent. */
export const RPC_MS = 10_000;

export interface Described {
  readonly isOpen: boolean;
  /** Events in its history. */
  readonly events: number;
}

/** Undefined for a workflow that the engine does not know. */
export async function describeWorkflow(client: Client, workflowId: string): Promise<Described | undefined> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const { status, historyLength } = await client.withDeadline(Date.now() + RPC_MS, () => handle.describe());
    return { isOpen: status.name === 'RUNNING', events: historyLength };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** False for a workflow that has ended, and for one that the engine does not know. */
export const isOpen = async (client: Client, workflowId: string): Promise<boolean> =>
  (await describeWorkflow(client, workflowId))?.isOpen ?? false;
