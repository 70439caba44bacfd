import type { Client } from '@temporalio/client';
import { validate } from 'uuid';
import type { Logger } from '../../infra/logging.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { parseWorkflowId } from '../../workflows/contract/ids.js';
import { endWorkflow, listOpenWorkflows } from './open-workflows.js';

export interface OutlivedDeps {
  readonly writes: Queryable;
  readonly client: Client;
  readonly log: Logger;
  /** How long a workflow may take to end after its row says so. Default one minute. */
  readonly graceMs?: number;
}

const TYPES = ['epic', 'task', 'agentRun'];
const GRACE_MS = 60_000;

/**
 * Ends workflows that work on what the rows know as over, or do not know: the engine's store, or the rows, may be those
 * of an earlier time. The rows decide. A run without a row may just be about to make it, and is left alone.
 * @returns how many were ended
 */
export async function endOutlived(deps: OutlivedDeps): Promise<number> {
  const { writes, client, log, graceMs = GRACE_MS } = deps;
  const open = (await listOpenWorkflows(client, TYPES)).flatMap((workflow) => {
    const named = parseWorkflowId(workflow.workflowId);
    return named && validate(named.key) ? [{ ...workflow, kind: named.kind, id: named.key }] : [];
  });
  if (open.length === 0) return 0;
  const ids = open.map(({ id }) => id);
  const isLive = await findRows(writes, ids, graceMs);
  const youngest = Date.now() - graceMs;
  const outlived = open.filter(
    ({ id, kind, startTime }) => startTime.getTime() < youngest && !(isLive.get(id) ?? kind === 'run'),
  );
  for (const workflow of outlived) {
    log.warn({ workflowId: workflow.workflowId }, 'the rows know no such open work: its workflow is ended');
    await endWorkflow(client, workflow, 'its row has ended, or is gone');
  }
  return outlived.length;
}

/** Whether these are at work, or have ended only just now; an id without a row is not in it. */
async function findRows(db: Queryable, ids: readonly string[], graceMs: number): Promise<ReadonlyMap<string, boolean>> {
  const { rows } = await db.query<{ id: string; isLive: boolean }>({
    name: 'find-live-work',
    text: `WITH late AS (SELECT now() - $2 * interval '1 millisecond' AS at)
           SELECT id, state NOT IN ('COMPLETED', 'CANCELLED') OR updated_at > at AS "isLive"
           FROM epic, late WHERE id = ANY($1::uuid[])
           UNION ALL
           SELECT id, state NOT IN ('COMPLETED', 'CANCELLED', 'SKIPPED', 'FAILED') OR updated_at > at
           FROM task, late WHERE id = ANY($1::uuid[])
           UNION ALL
           SELECT id, ended_at IS NULL OR ended_at > at FROM run, late WHERE id = ANY($1::uuid[])`,
    values: [ids, graceMs],
  });
  return new Map(rows.map(({ id, isLive }) => [id, isLive]));
}
