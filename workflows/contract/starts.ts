import { TypedSearchAttributes } from '@temporalio/common';
import type { EpicInput } from './epic.js';
import { epicWorkflowId, queueWorkflowId } from './ids.js';
import type { MergeQueueInput } from './merge-queue.js';
import { SEARCH_ATTRIBUTE } from './search-attributes.js';
import { QUEUE } from './task-queues.js';
import type { Tuning } from './tuning.js';

/** 1 orchestrator, 2 supervisors, 3 workers: the order in which a busy queue serves workflows and their children. */
export const PRIORITY = { epic: 2, task: 3 } as const;

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

/** What the outbox keeps to start the queue of a branch that was last seen at a commit which may be lost. */
export const mergeQueueRow = (input: MergeQueueInput & { readonly knownTip: string }) => {
  const { workflowId, memo, staticSummary, priority } = mergeQueueStart(
    input.projectId,
    input.branch,
    input.tuning,
  ).options;
  return {
    kind: 'start' as const,
    workflowId,
    name: 'mergeQueue',
    input,
    options: {
      reuse: 'allow_duplicate' as const,
      memo,
      staticSummary,
      priority,
      searchAttributes: {
        [SEARCH_ATTRIBUTE.kind.name]: 'mergeQueue',
        [SEARCH_ATTRIBUTE.project.name]: input.projectId,
        [SEARCH_ATTRIBUTE.state.name]: 'open',
      },
    },
  };
};

/**
 * What the outbox keeps to start the workflow of an epic.
 * @param summary at most 200 bytes, for lists of the Temporal UI
 */
export const epicStart = (
  epic: { readonly id: string; readonly projectId: string; readonly state: string },
  tuning: Tuning,
  summary: string,
) => ({
  kind: 'start' as const,
  workflowId: epicWorkflowId(epic.id),
  name: 'epic',
  input: { epicId: epic.id, tuning } satisfies EpicInput,
  options: {
    reuse: 'reject' as const,
    memo: { epic: epic.id, project: epic.projectId },
    searchAttributes: {
      [SEARCH_ATTRIBUTE.kind.name]: 'epic',
      [SEARCH_ATTRIBUTE.project.name]: epic.projectId,
      [SEARCH_ATTRIBUTE.epic.name]: epic.id,
      [SEARCH_ATTRIBUTE.state.name]: epic.state,
    },
    staticSummary: summary,
    priority: { priorityKey: PRIORITY.epic, fairnessKey: epic.projectId },
  },
});
