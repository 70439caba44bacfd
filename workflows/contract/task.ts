// The language of `task`. Also handles `pause`, `resume`, `cancel`, `hold`, `mail`, `admitted` (messages.ts), `forgeEvent`
// and `requestRebase` (forge-event.ts), `runChanged` (epic.ts).
import { defineQuery } from '@temporalio/workflow';
import type { TaskState } from '../../domain/states.js';
import type { ControlView } from './messages.js';
import type { Tuning } from './tuning.js';

/** Workflow `task`, id `task/<taskId>`: one task from admission to its landed pull request. */
export type TaskWorkflow = (input: TaskInput) => Promise<TaskOutcome>;

/** Waits of the task's own; each has a default in domain/task-timing.ts. */
export interface TaskTiming {
  /** A run that has said nothing for so long is asked after. */
  readonly silentRunMs: number;
  /** A red lane that nobody reports as open is looked at again. */
  readonly laneRetryMs: number;
  /** Wait before verification attempt 2, 3, …: the machinery failed, not the change. */
  readonly verifyBackoffMs: readonly number[];
}

export interface TaskInput {
  readonly taskId: string;
  /** 1-based; a retry by a person starts the workflow again with the next one. */
  readonly attempt: number;
  readonly tuning: Tuning;
  readonly maxEvents?: number;
  readonly timing?: Partial<TaskTiming>;
  /** Set by continue-as-new only; its shape belongs to task.state.ts. */
  readonly carried?: unknown;
}

export type TaskOutcome =
  | { readonly kind: 'completed'; readonly mergeSha?: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'ended'; readonly state: string };

export interface TaskView extends ControlView {
  readonly state: TaskState;
  readonly attempt: number;
  readonly headSha?: string;
  readonly prNumber?: number;
  readonly runId?: string;
}

export const taskStatusQuery = defineQuery<TaskView>('status');
