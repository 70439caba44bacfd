import { TypedSearchAttributes } from '@temporalio/common';
import { queueWorkflowId } from './ids.js';
import type { MergeQueueInput } from './merge-queue.js';
import { SEARCH_ATTRIBUTE } from './search-attributes.js';
import { QUEUE } from './task-queues.js';
import type { Tuning } from './tuning.js';

/** What starts the queue of one branch together with an update; an idle exit makes room for the same id again. */
export const mergeQueueStart = (projectId: string, branch: string, tuning: Tuning) => ({
  workflowType: 'mergeQueue' as const,
  options: {
    workflowId: queueWorkflowId(projectId, branch),
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    taskQueue: QUEUE.shared,
    args: [{ projectId, branch, tuning } satisfies MergeQueueInput] as [MergeQueueInput],
    memo: { project: projectId, branch },
    staticSummary: `Merge queue: ${branch}`.slice(0, 190),
    priority: { priorityKey: 1, fairnessKey: projectId },
    typedSearchAttributes: new TypedSearchAttributes([
      { key: SEARCH_ATTRIBUTE.kind, value: 'mergeQueue' },
      { key: SEARCH_ATTRIBUTE.project, value: projectId },
      { key: SEARCH_ATTRIBUTE.state, value: 'open' },
    ]),
  },
});
