import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from '../../infra/logging.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { isEngineOutdated, setMark } from './engine-mark.js';
import { RPC_MS } from './is-open.js';

export interface OutdatedEngineDeps {
  readonly writes: Queryable;
  readonly client: Client;
  readonly log: Logger;
}

const OURS = `ExecutionStatus = 'Running'
  AND WorkflowType IN ('factory', 'epic', 'task', 'agentRun', 'mergeQueue', 'mergeBuild')`;
const LIST_MS = 6 * RPC_MS;

/**
 * Ends every workflow of a store that is of an earlier moment than the rows: what such workflows remember has been done
 * since, and they would do it again. The rows then bring back what is open, as after a loss of the whole store.
 * @returns how many were ended
 */
export async function endOutdated({ writes, client, log }: OutdatedEngineDeps): Promise<number> {
  if (!(await isEngineOutdated(client, writes))) {
    await setMark(client, writes);
    return 0;
  }
  const ended = new Set<string>();
  // Again, for one that was not ended yet may have started another.
  for (let found = await listOurs(client); found.length > 0; found = await listOurs(client, ended)) {
    log.warn({ workflows: found.length }, 'the engine’s store is older than the rows: its workflows are ended');
    for (const runId of found.map(({ runId }) => runId)) ended.add(runId);
    for (const { workflowId } of found) await end(client, workflowId);
  }
  // Last: whoever dies before it begins again.
  await setMark(client, writes);
  return ended.size;
}

interface Listed {
  readonly workflowId: string;
  readonly runId: string;
}

/** The list may show for a while what has ended: `but` those. */
const listOurs = (client: Client, but: ReadonlySet<string> = new Set()): Promise<readonly Listed[]> =>
  client.withDeadline(Date.now() + LIST_MS, async () => {
    const found: Listed[] = [];
    for await (const { workflowId, runId } of client.workflow.list({ query: OURS, pageSize: 1000 }))
      if (!but.has(runId)) found.push({ workflowId, runId });
    return found;
  });

async function end(client: Client, workflowId: string): Promise<void> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    await client.withDeadline(Date.now() + RPC_MS, () => handle.terminate('the store is older than the rows'));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error; // it has ended meanwhile
  }
}
