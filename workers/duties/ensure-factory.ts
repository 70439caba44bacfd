import type { Client, WorkflowStartOptions } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { FactoryInput } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { RPC_MS } from './is-open.js';

/** Starts the one factory, or finds it running. Called again and again: an engine that lost its store gets it back. */
export async function ensureFactory(client: Client, input: FactoryInput): Promise<void> {
  const options: WorkflowStartOptions = {
    workflowId: FACTORY_WORKFLOW_ID,
    taskQueue: QUEUE.shared,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'Factory: admission, sweeps, pause and thaw of everything',
    priority: { priorityKey: 1 },
    typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.kind, value: 'factory' }]),
  };
  await client.withDeadline(Date.now() + RPC_MS, () => client.workflow.start('factory', options));
}
