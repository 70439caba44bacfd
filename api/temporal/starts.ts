import { insertOutbox, summaryText } from '../../infra/pg/outbox.js';
import type { Tx } from '../../infra/pg/statement.js';
import type { EpicInput } from '../../workflows/contract/epic.js';
import { taskWorkflowId } from '../../workflows/contract/ids.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { epicStart, PRIORITY } from '../../workflows/contract/starts.js';
import type { TaskInput } from '../../workflows/contract/task.js';

/** Asks the relay to start the epic's workflow once the transaction has committed. */
export const startEpic = async (
  tx: Tx,
  epic: { readonly id: string; readonly projectId: string; readonly title: string; readonly state: string },
  tuning: EpicInput['tuning'],
): Promise<void> => {
  await insertOutbox(tx, epicStart(epic, tuning, summaryText(`Epic: ${epic.title}`)));
};

/** As `startEpic`, for a lone task. A later attempt starts a workflow id again that has ended. */
export const startLoneTask = async (
  tx: Tx,
  task: {
    readonly id: string;
    readonly projectId: string;
    readonly title: string;
    readonly state: string;
    readonly attempts: number;
  },
  tuning: TaskInput['tuning'],
): Promise<void> => {
  await insertOutbox(tx, {
    kind: 'start',
    workflowId: taskWorkflowId(task.id),
    name: 'task',
    input: { taskId: task.id, attempt: task.attempts, tuning } satisfies TaskInput,
    options: {
      ...(task.attempts === 1 ? { reuse: 'reject' } : { reuse: 'allow_duplicate', attempts: task.attempts }),
      memo: { task: task.id, project: task.projectId },
      searchAttributes: {
        [SEARCH_ATTRIBUTE.kind.name]: 'task',
        [SEARCH_ATTRIBUTE.project.name]: task.projectId,
        [SEARCH_ATTRIBUTE.state.name]: task.state,
      },
      staticSummary: summaryText(`Task: ${task.title}`),
      priority: { priorityKey: PRIORITY.task, fairnessKey: task.projectId },
    },
  });
};
