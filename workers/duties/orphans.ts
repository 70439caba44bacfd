import type { Client } from '@temporalio/client';
import { listLiveRuns, orphanRun } from '../../activities/store/orphan.repository.js';
import type { Logger } from '../../infra/logging.js';
import type { WritePool } from '../../infra/pg/writes.js';
import { runWorkflowId } from '../../workflows/contract/ids.js';
import { isOpen } from './is-open.js';

export interface OrphanDeps {
  readonly writes: WritePool;
  readonly client: Client;
  readonly log: Logger;
}

/**
 * Ends the rows of runs that no workflow works on any more: the engine has lost them, or somebody terminated them there.
 * Whoever needed such a run starts another.
 * @returns how many were ended
 */
export async function endOrphans({ writes, client, log }: OrphanDeps): Promise<number> {
  let ended = 0;
  for (const runId of await listLiveRuns(writes)) {
    if (await isOpen(client, runWorkflowId(runId))) continue;
    // Its workflow may have saved its end between the two looks: the row is looked at again under its lock.
    if (!(await orphanRun(writes, runId))) continue;
    log.warn({ runId }, 'the engine does not know this run: it ends as orphaned');
    ended += 1;
  }
  return ended;
}
