import { insertOutbox } from '../../../infra/pg/outbox.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { factoryProjectChangedSignal } from '../../../workflows/contract/factory.js';
import { queueForgeEventSignal } from '../../../workflows/contract/forge-event.js';
import { FACTORY_WORKFLOW_ID, queueWorkflowId } from '../../../workflows/contract/ids.js';
import type { Watched } from './ports.js';

/** The queue reads the branch's tip and the heads of its entries for itself. */
export async function tellQueue({ deps, projectId }: Watched, branch: string): Promise<void> {
  await withTransaction(deps.pools.writes, (tx) =>
    insertOutbox(tx, {
      kind: 'signal',
      workflowId: queueWorkflowId(projectId, branch),
      name: queueForgeEventSignal.name,
      input: { kind: 'baseMoved' },
    }),
  );
}

/** The factory inspects the base anew: its configuration and its checks. */
export async function tellProjectChanged({ deps, projectId }: Watched): Promise<void> {
  await withTransaction(deps.pools.writes, (tx) =>
    insertOutbox(tx, {
      kind: 'signal',
      workflowId: FACTORY_WORKFLOW_ID,
      name: factoryProjectChangedSignal.name,
      input: { projectId },
    }),
  );
}
