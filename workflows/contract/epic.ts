// The language of `epic`. Also handles `pause`, `resume`, `cancel`, `hold`, `mail`, `admitted` (messages.ts), `forgeEvent`.
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { EpicTiming } from '../../domain/epic-timing.js';
import type { EpicPhase, EpicState, RunState, TaskState } from '../../domain/states.js';
import type { AgentRunOutcome } from './agent-run.js';
import type { ControlCommand, ControlView } from './messages.js';
import type { Tuning } from './tuning.js';

/** Workflow `epic`, id `epic/<epicId>`: one epic from plan to landed pull request. */
export type EpicWorkflow = (input: EpicInput) => Promise<EpicOutcome>;

export interface EpicInput {
  readonly epicId: string;
  readonly tuning: Tuning;
  /** Events before a new history. Default 500; tests set 20. */
  readonly maxEvents?: number;
  /** Overrides of its own waits, for tests. */
  readonly timing?: Partial<EpicTiming>;
  /** Set by continue-as-new only; its shape belongs to epic.state.ts. */
  readonly carried?: unknown;
}

export type EpicOutcome =
  | { readonly kind: 'completed'; readonly landed: number; readonly mergeSha?: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'ended'; readonly state: string };

export interface EpicView extends ControlView {
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly planVersion?: number;
  readonly blockedReason?: string;
  readonly slots: number;
  /** Its live planning or supervision run. */
  readonly runId?: string;
  readonly prNumber?: number;
  readonly tasks: Readonly<Record<string, TaskState>>;
}

/** From a task to its owner, whenever its state or its wish for a slot changes. */
export interface TaskChanged {
  readonly taskId: string;
  /** Life of its workflow (`TaskInput.attempt`). */
  readonly attempt: number;
  /** The row's attempts, those that the task made by itself included; its next life begins no lower. */
  readonly attempts?: number;
  readonly state: TaskState;
  /** It has, or waits for, a run that needs a slot. */
  readonly wantsSlot: boolean;
  readonly hasBranch: boolean;
  readonly landedSha?: string;
  readonly reason?: string;
}

/** From a run to its parent. */
export interface RunChanged {
  readonly runId: string;
  readonly state: RunState;
  /** In plain words, when it does not go on by itself. */
  readonly waitingFor?: string;
  /** Set once, when the run has ended. */
  readonly outcome?: AgentRunOutcome;
}

export interface PlanCommand extends ControlCommand {
  readonly planVersion: number;
}
export interface EpicTaskCommand extends ControlCommand {
  readonly taskId: string;
}

/** `InvalidState` unless a plan awaits approval; `Conflict` when it is not that version. */
export const epicApprovePlanUpdate = defineUpdate<ControlView, [PlanCommand]>('approvePlan');
/** A new version is stored; tasks that started are left as they are. */
export const epicEditPlanUpdate = defineUpdate<ControlView, [PlanCommand]>('editPlan');
export const epicRetryTaskUpdate = defineUpdate<ControlView, [EpicTaskCommand]>('retryTask');
export const epicRetryFailedUpdate = defineUpdate<ControlView, [ControlCommand]>('retryFailed');
/** For a task whose workflow is not open. */
export const epicCancelTaskUpdate = defineUpdate<ControlView, [EpicTaskCommand]>('cancelTask');
/** The API has inserted the task's row; the epic schedules it. */
export const epicAddTaskUpdate = defineUpdate<ControlView, [EpicTaskCommand]>('addTask');
/** Lands the epic's pull request. `InvalidState` unless the phase is awaiting_merge. */
export const epicLandUpdate = defineUpdate<ControlView, [ControlCommand]>('land');
export const taskChangedSignal = defineSignal<[TaskChanged]>('taskChanged');
export const runChangedSignal = defineSignal<[RunChanged]>('runChanged');
/** From the epic branch's queue: lane or entries changed; a hint for the status text. */
export const queueChangedSignal =
  defineSignal<[{ readonly branch: string; readonly mode: string; readonly reason?: string }]>('queueChanged');
export const epicStatusQuery = defineQuery<EpicView>('status');
