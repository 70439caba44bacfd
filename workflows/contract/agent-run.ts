// The language of `agentRun`. Also handles `pause`, `resume` (messages.ts), `hold` and `mail`.
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { RunKind, RunState } from '../../domain/states.js';
import type { RunContext } from './activities/store.js';
import type { ControlCommand, ControlView, PausedBy } from './messages.js';
import type { Tuning } from './tuning.js';

/** Workflow `agentRun`, id `run/<runId>`: one run of one agent, a durable loop of step and seal. */
export type AgentRunWorkflow = (input: AgentRunInput) => Promise<AgentRunOutcome>;

/** Where the run's tree is. The task (or epic) claimed it and owns it. */
export interface RunHost {
  readonly hostQueue: string;
  readonly treeId: string;
}

/** How a lost tree is made anew; `at` counts until the run has a checkpoint of its own. */
export interface TreeSource {
  /** The tree's owner: the task, or the run itself where the tree is read-only. */
  readonly ownerId: string;
  readonly branch: string;
  readonly at?: string;
  readonly mode: 'write' | 'read';
}

export interface AgentRunInput {
  readonly runId: string;
  readonly projectId: string;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly parentRunId?: string;
  readonly kind: RunKind;
  readonly agentName: string;
  readonly attempt: number;
  /** Which check, review or rebase round of the task this run works on; 1 for the first. */
  readonly round: number;
  /** Workflow that hears `runChanged`. */
  readonly parentWorkflowId: string;
  readonly host: RunHost;
  readonly context: RunContext;
  /** Absent: a lost tree or host ends the run `lost`, because only its parent knows what belongs in the tree. */
  readonly rebuild?: TreeSource;
  /** Of the task or epic; shown in the Web UI. */
  readonly title?: string;
  /** Who is asked by mail when a budget limit is reached. */
  readonly createdBy?: string;
  /** Holds that were in force when it was started. */
  readonly pausedBy?: readonly PausedBy[];
  readonly tuning: Tuning;
  readonly maxEvents?: number;
  /** Set by continue-as-new only; its shape belongs to agent-run.state.ts. */
  readonly carried?: unknown;
}

/** Every ending carries the host it ended on and the last checkpoint of the tree, where there is one. */
export type AgentRunOutcome = {
  readonly host: RunHost;
  readonly checkpointSha?: string;
  /** Mail that came too late for its last turn. */
  readonly unread?: readonly string[];
  /** Of a supervision: mail to its epic that waits for an answer still. */
  readonly unanswered?: readonly string[];
} & (
  | { readonly kind: 'completed'; readonly summary: string; readonly planVersion?: number }
  | { readonly kind: 'blocked'; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      /** The agent itself ended badly (stuck, refused, exit code, unusable replies), which counts as an attempt. */
      readonly agentFault: boolean;
      /** No agent can mend it: the provider refused the key, or the request itself. */
      readonly needsPerson?: boolean;
    }
  /** `reason` is absent when the run's own deadline was over. */
  | { readonly kind: 'timeout'; readonly reason?: string }
  | { readonly kind: 'stopped'; readonly by: string }
  | { readonly kind: 'cancelled' }
  /** The tree or host is gone; the task rebuilds from the checkpoint. Never counts. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'ended'; readonly state: string }
);

export interface AgentRunView extends ControlView {
  readonly state: RunState;
  readonly turn: number;
  /** Question it waits for. */
  readonly waitingMailId?: string;
}

/** Ends it after the seal. By a person: `stopped`, its task BLOCKED. With `cancel`: `cancelled`, for a cancelled parent. */
export interface StopCommand extends ControlCommand {
  readonly cancel?: boolean;
}

export const runStopUpdate = defineUpdate<ControlView, [StopCommand]>('stop');
/** From the parent: same as `stop` with `cancel`, for workflows cannot send updates. */
export const runStopSignal = defineSignal<[StopCommand]>('stopRun');
export const runStatusQuery = defineQuery<AgentRunView>('status');
