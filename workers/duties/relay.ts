import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { Logger } from '../../infra/logging.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { FACTORY_WORKFLOW_ID, parseWorkflowId } from '../../workflows/contract/ids.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { closeGathering, type DueRow, isRetryWanted, listDue, markSent, postpone } from './outbox.repository.js';

export interface RelayDeps {
  readonly db: Queryable;
  readonly client: Client;
  readonly log: Logger;
}

const BATCH = 100;
const RPC_MS = 10_000;
const MAX_BACKOFF_MS = 30_000;
/** A signal may overtake the start of its workflow by another path; after this long its workflow is known to be gone. */
const ABSENT_MS = 15_000;

/**
 * Sends every due row and marks it: at least once, with the effect once, because workflow ids, signal ids and update
 * ids repeat harmlessly. Rows of one workflow go in order, different workflows side by side.
 * @returns how many rows were due
 */
export async function relayDue(deps: RelayDeps): Promise<number> {
  const due = await listDue(deps.db, BATCH);
  const byWorkflow = groupBy(due);
  await Promise.all([...byWorkflow.values()].map((rows) => relayInOrder(deps, rows)));
  return due.length;
}

const groupBy = (rows: readonly DueRow[]): Map<string, DueRow[]> => {
  const groups = new Map<string, DueRow[]>();
  for (const row of rows) groups.set(row.workflowId, [...(groups.get(row.workflowId) ?? []), row]);
  return groups;
};

async function relayInOrder(deps: RelayDeps, rows: readonly DueRow[]): Promise<void> {
  for (const row of rows) {
    try {
      await markSent(deps.db, row.id, await send(deps, row));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // A first message may come before the start of its workflow: the next look finds it there.
      const isEarly = error instanceof WorkflowNotFoundError && row.ageMs <= ABSENT_MS;
      deps.log[isEarly ? 'debug' : 'warn'](
        { outboxId: row.id, workflowId: row.workflowId, name: row.name, attempts: row.attempts, message },
        'relay postponed',
      );
      await postpone(deps.db, row.id, Math.min(MAX_BACKOFF_MS, 200 * 2 ** Math.min(row.attempts, 10)), message);
      return; // what comes after it for this workflow waits
    }
  }
}

/** @returns what became of it, for the row */
async function send(deps: RelayDeps, row: DueRow): Promise<string> {
  return deps.client.withDeadline(Date.now() + RPC_MS, () =>
    row.kind === 'start' ? start(deps, row) : signal(deps, row),
  );
}

async function start({ client, db }: RelayDeps, row: DueRow): Promise<string> {
  const { memo, searchAttributes, staticSummary, staticDetails, priority, reuse, attempts } = row.options;
  const target = parseWorkflowId(row.workflowId);
  if (
    reuse === 'allow_duplicate' &&
    target &&
    attempts !== undefined &&
    !(await isRetryWanted(db, target.key, attempts))
  ) {
    return 'superseded';
  }
  try {
    await client.workflow.start(row.name, {
      workflowId: row.workflowId,
      taskQueue: QUEUE.shared,
      args: [...row.args],
      workflowIdReusePolicy: reuse === 'allow_duplicate' ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      ...(memo ? { memo: { ...memo } } : {}),
      ...(staticSummary ? { staticSummary } : {}),
      ...(staticDetails ? { staticDetails } : {}),
      ...(priority ? { priority } : {}),
      ...(searchAttributes ? { typedSearchAttributes: typed(searchAttributes) } : {}),
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists';
    throw error;
  }
}

const typed = (attributes: Readonly<Record<string, string>>): TypedSearchAttributes =>
  new TypedSearchAttributes(
    Object.entries(attributes).map(([name, value]) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value })),
  );

async function signal({ client, db }: RelayDeps, row: DueRow): Promise<string> {
  if (row.options.gathers) await closeGathering(db, row.id);
  try {
    await client.workflow.getHandle(row.workflowId).signal(row.name, ...row.args);
    return 'signalled';
  } catch (error) {
    // The factory is always started again; any other workflow that is still absent after a while has ended.
    const isGone = row.workflowId !== FACTORY_WORKFLOW_ID && row.ageMs > ABSENT_MS;
    if (error instanceof WorkflowNotFoundError && isGone) return 'not_found';
    throw error;
  }
}
