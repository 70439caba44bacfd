import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { startChild } from '@temporalio/workflow';
import { type Attributes, attributePairs, summaryLine } from './visibility.js';

export interface ChildStart<Input> {
  /** Name of the workflow function. */
  readonly type: 'task' | 'agentRun' | 'mergeBuild';
  readonly workflowId: string;
  readonly input: Input;
  /** `Task: <title>`; shown in lists of the Web UI. */
  readonly summary: string;
  /** Markdown with links. */
  readonly details?: string;
  /** 1 what a person asked for, 2 planning, 3 workers, 5 housekeeping. */
  readonly priorityKey: 1 | 2 | 3 | 4 | 5;
  readonly projectId: string;
  readonly attributes: Attributes;
  /** `again`: a closed workflow of this id is started anew (a retried task). Otherwise an id runs once. */
  readonly again?: boolean;
  /**
   * Called when it ends in any way, while this run of the parent lives: with its outcome, or with nothing when it died.
   */
  readonly onClosed?: (outcome: unknown) => void;
}

/**
 * Starts a child that outlives its parent's continue-as-new: abandoned on close, reporting by signal, cancelled through
 * an external handle. `exists` = the id is taken: a repeat of an earlier start, so ask Temporal what became of it.
 */
export async function startTracked<Input>(start: ChildStart<Input>): Promise<'started' | 'exists'> {
  try {
    const child = await startChild<(input: Input) => Promise<unknown>>(start.type, {
      workflowId: start.workflowId,
      args: [start.input],
      parentClosePolicy: 'ABANDON',
      cancellationType: 'ABANDON',
      workflowIdReusePolicy: start.again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
      typedSearchAttributes: attributePairs(start.attributes),
      staticSummary: summaryLine(start.summary),
      priority: { priorityKey: start.priorityKey, fairnessKey: start.projectId },
      ...(start.details === undefined ? {} : { staticDetails: start.details }),
    });
    const closed = start.onClosed;
    // A child that died has no outcome; why it died is in its own history.
    if (closed) child.result().then(closed, () => closed(undefined));
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists';
    throw error;
  }
}
