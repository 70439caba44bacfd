import { type Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Logger } from '../../infra/logging.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { queueWorkflowId } from '../../workflows/contract/ids.js';
import {
  type EnqueueInput,
  type MergeQueueWorkflow,
  mergeQueueEnqueueUpdate,
  mergeQueuePauseLaneUpdate,
  type PauseLaneCommand,
} from '../../workflows/contract/merge-queue.js';
import { mergeQueueStart } from '../../workflows/contract/starts.js';
import type { Tuning } from '../../workflows/contract/tuning.js';
import { isOpen } from './is-open.js';

export interface RequeueDeps {
  readonly writes: Queryable;
  readonly client: Client;
  readonly tuning: Tuning;
  readonly log: Logger;
}

interface QueueName {
  readonly projectId: string;
  readonly branch: string;
}

const UPDATE_MS = 10_000;

/**
 * Brings back queues that the rows know as busy or held and the engine does not: first the hold, then the entries in
 * their old order. A queue that ended by itself left neither. What had landed is found by each entry's inspection, so
 * nothing lands twice.
 * @returns how many queues were brought back
 */
export async function requeue(deps: RequeueDeps): Promise<number> {
  let restored = 0;
  for (const queue of await listQueues(deps.writes)) {
    const workflowId = queueWorkflowId(queue.projectId, queue.branch);
    if (await isOpen(deps.client, workflowId)) continue;
    deps.log.warn({ workflowId }, 'the engine does not know this queue: its entries are admitted again');
    const held = await findHolds(deps.writes, queue);
    if (held?.paused) await holdAgain(deps, queue, { ...held, mode: 'pause' });
    for (const entry of await listEntries(deps.writes, queue)) await admitAgain(deps, queue, entry);
    // Last: a draining lane takes no entries.
    if (held?.draining) await holdAgain(deps, queue, { ...held, mode: 'drain' });
    restored++;
  }
  return restored;
}

const startOf = ({ tuning }: RequeueDeps, { projectId, branch }: QueueName) => {
  const { workflowType, options } = mergeQueueStart(projectId, branch, tuning);
  return new WithStartWorkflowOperation<MergeQueueWorkflow>(workflowType, options);
};

interface LaneHolds {
  readonly by: string;
  readonly reason: string;
  readonly paused: boolean;
  readonly draining: boolean;
}

async function findHolds(db: Queryable, { projectId, branch }: QueueName): Promise<LaneHolds | undefined> {
  const { rows } = await db.query<LaneHolds>({
    name: 'find-held-lane',
    text: `SELECT by, reason, paused_by && ARRAY['person', 'incident'] AS paused, draining FROM queue_lane
           WHERE project_id = $1 AND branch = $2`,
    values: [projectId, branch],
  });
  return rows[0];
}

async function holdAgain(deps: RequeueDeps, queue: QueueName, { mode, by, reason }: PauseLaneCommand): Promise<void> {
  await deps.client.withDeadline(Date.now() + UPDATE_MS, () =>
    deps.client.workflow.executeUpdateWithStart(mergeQueuePauseLaneUpdate, {
      args: [{ mode, by, reason: reason || 'held before the engine was lost' }],
      startWorkflowOperation: startOf(deps, queue),
    }),
  );
}

async function admitAgain(deps: RequeueDeps, queue: QueueName, entry: EnqueueInput): Promise<void> {
  try {
    await deps.client.withDeadline(Date.now() + UPDATE_MS, () =>
      deps.client.workflow.executeUpdateWithStart(mergeQueueEnqueueUpdate, {
        args: [entry],
        updateId: entry.entryId,
        startWorkflowOperation: startOf(deps, queue),
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    // Refused (draining, or queued anew by its owner): one entry must not keep the others out.
    deps.log.warn({ entryId: entry.entryId, message: error.cause?.message ?? '' }, 'an entry was not admitted again');
  }
}

async function listQueues(db: Queryable): Promise<readonly QueueName[]> {
  const { rows } = await db.query<QueueName>({
    name: 'list-busy-queues',
    text: `SELECT project_id AS "projectId", branch FROM queue_entry WHERE state IN ('queued', 'active', 'rebasing')
           UNION
           SELECT project_id, branch FROM queue_lane WHERE draining OR paused_by && ARRAY['person', 'incident']
           ORDER BY 1, 2`,
  });
  return rows;
}

async function listEntries(db: Queryable, { projectId, branch }: QueueName): Promise<readonly EnqueueInput[]> {
  const { rows } = await db.query<
    Omit<EnqueueInput, 'taskId' | 'epicId'> & { taskId: string | null; epicId: string | null }
  >({
    name: 'list-live-entries',
    text: `SELECT id AS "entryId", pr_number AS "prNumber", task_id AS "taskId", epic_id AS "epicId", owner,
                  head_ref AS "headRef", head_sha AS "headSha", title, priority, fixes_base AS "fixesBase", enqueued_by AS by
           FROM queue_entry
           WHERE project_id = $1 AND branch = $2 AND state IN ('queued', 'active', 'rebasing')
           ORDER BY seq, id`,
    values: [projectId, branch],
  });
  return rows.map(({ taskId, epicId, ...entry }) => ({
    ...entry,
    ...(taskId === null ? {} : { taskId }),
    ...(epicId === null ? {} : { epicId }),
  }));
}
