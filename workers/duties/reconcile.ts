import type { Client } from '@temporalio/client';
import type { Logger } from '../../infra/logging.js';
import { insertOutbox, summaryText } from '../../infra/pg/outbox.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import type { EpicInput } from '../../workflows/contract/epic.js';
import { epicWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import type { TaskInput } from '../../workflows/contract/task.js';
import type { Tuning } from '../../workflows/contract/tuning.js';
import { isOpen } from './is-open.js';

export interface ReconcileDeps {
  readonly writes: WritePool;
  readonly client: Client;
  readonly tuning: Tuning;
  readonly log: Logger;
  /** Once, when something is to be started again: what it then reads must not be of an earlier time than the branches. */
  readonly beforeRestart: () => Promise<unknown>;
}

interface OpenRow {
  readonly kind: 'epic' | 'task';
  readonly id: string;
  readonly title: string;
  readonly projectId: string;
  readonly attempts: number;
}

/**
 * Brings back what the rows know as open and no workflow works on: the engine's store may have lost the last commits, or
 * all of them; the rows may be those of an earlier time; or somebody terminated the workflow. An epic brings back its own
 * tasks. Starts go through the outbox, so that a repeat is harmless.
 * @returns how many were brought back
 */
export async function reconcile(deps: ReconcileDeps): Promise<number> {
  let restored = 0;
  let asked: Promise<unknown> | undefined;
  for (const row of await listOpen(deps.writes)) {
    const workflowId = workflowIdOf(row);
    if (await isOpen(deps.client, workflowId)) continue;
    asked ??= deps.beforeRestart();
    await asked;
    // It may have written its end between the two looks.
    if (!(await listOpen(deps.writes)).some(({ id }) => id === row.id)) continue;
    deps.log.warn({ workflowId }, 'no workflow works on this open work: starting it again');
    await restart(deps, row);
    restored++;
  }
  return restored;
}

const workflowIdOf = ({ kind, id }: OpenRow): string => (kind === 'epic' ? epicWorkflowId(id) : taskWorkflowId(id));

/** Open epics, and lone tasks that began; those whose start still waits in the outbox are not lost. */
async function listOpen(db: Queryable): Promise<readonly OpenRow[]> {
  const { rows } = await db.query<OpenRow>({
    name: 'list-open-work',
    text: `SELECT 'epic' AS kind, id, title, project_id AS "projectId", 1 AS attempts FROM epic
           WHERE state NOT IN ('COMPLETED', 'CANCELLED')
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workflow_id = 'epic/' || epic.id AND o.kind = 'start' AND o.sent_at IS NULL)
           UNION ALL
           SELECT 'task', id, title, project_id, attempts FROM task
           WHERE epic_id IS NULL AND state NOT IN ('COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED')
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workflow_id = 'task/' || task.id AND o.kind = 'start' AND o.sent_at IS NULL)`,
  });
  return rows;
}

async function restart({ writes, tuning }: ReconcileDeps, row: OpenRow): Promise<void> {
  const input: EpicInput | TaskInput =
    row.kind === 'epic' ? { epicId: row.id, tuning } : { taskId: row.id, attempt: row.attempts, tuning };
  await withTransaction(writes, async (tx) => {
    await insertOutbox(tx, {
      kind: 'start',
      workflowId: workflowIdOf(row),
      name: row.kind,
      input,
      options: {
        // A workflow that is closed is no reason: it did not end this work, or the row would say so.
        reuse: 'allow_duplicate',
        memo: { project: row.projectId },
        staticSummary: summaryText(`${row.kind === 'epic' ? 'Epic' : 'Task'}: ${row.title}`),
        searchAttributes: {
          [SEARCH_ATTRIBUTE.kind.name]: row.kind,
          [SEARCH_ATTRIBUTE.project.name]: row.projectId,
          ...(row.kind === 'epic' ? { [SEARCH_ATTRIBUTE.epic.name]: row.id } : {}),
        },
        priority: { priorityKey: 3, fairnessKey: row.projectId },
      },
    });
  });
}
