import type { Client } from '@temporalio/client';
import type { Logger } from '../../infra/logging.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { isEngineOutdated, setMark } from './engine-mark.js';
import { endWorkflow, listOpenWorkflows } from './open-workflows.js';

export interface OutdatedEngineDeps {
  readonly writes: Queryable;
  readonly client: Client;
  readonly log: Logger;
}

const OURS = ['factory', 'epic', 'task', 'agentRun', 'mergeQueue', 'mergeBuild'];

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
  return endAll({ writes, client, log }, 'the engine’s store is older than the rows: its workflows are ended');
}

/** Ends whatever the engine works on, for it and the rows are of different times. The rows bring back what is open. */
export async function endAll({ writes, client, log }: OutdatedEngineDeps, words: string): Promise<number> {
  const ended = new Set<string>();
  const remaining = async () => (await listOpenWorkflows(client, OURS)).filter(({ runId }) => !ended.has(runId));
  // Again, for one that was not ended yet may have started another.
  for (let found = await remaining(); found.length > 0; found = await remaining()) {
    log.warn({ workflows: found.length }, words);
    for (const workflow of found) {
      ended.add(workflow.runId);
      await endWorkflow(client, workflow, 'rows and engine are of different times');
    }
  }
  // Last: whoever dies before it begins again.
  await setMark(client, writes);
  return ended.size;
}
