// The language of `task`. Also handles `pause`, `resume`, `cancel`, `hold`, `mail`, `admitted` (messages.ts), `forgeEvent`
// and `requestRebase` (forge-event.ts), `runChanged` (epic.ts).
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { TaskState } from '../../domain/states.js';
import type { TaskWaits } from '../../domain/task-timing.js';
import type { ControlCommand, ControlView } from './messages.js';
import type { Tuning } from './tuning.js';

/** Workflow `task`, id `task/<taskId>`: one task from admission to its landed pull request. */
export type TaskWorkflow = (input: TaskInput) => Promise<TaskOutcome>;

export interface TaskInput {
  readonly taskId: string;
  /** 1-based; a retry by a person starts the workflow again with the next one. */
  readonly attempt: number;
  readonly tuning: Tuning;
  /** It starts with a slot; otherwise `admitted` brings one. */
  readonly admitted?: boolean;
  readonly maxEvents?: number;
  /** Overrides of its own waits, for tests. */
  readonly timing?: Partial<TaskWaits>;
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

export interface RecheckCommand extends ControlCommand {
  readonly headSha: string;
}

/** Checks a red head once more. `InvalidState` unless the task waits for people with that head, because of its checks. */
export const taskRecheckUpdate = defineUpdate<ControlView, [RecheckCommand]>('recheck');
export const taskStatusQuery = defineQuery<TaskView>('status');
