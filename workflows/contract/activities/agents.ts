// What a run does: model calls, tools, seals. Texts stay in the store; histories carry ids and short strings.

import type { TreeFence } from '../fence.js';
import type { RunContext } from './store.js';

export interface ToolCallRef {
  readonly callId: string;
  readonly name: string;
  /** Where it runs: on the tree's host, or under STORE. */
  readonly where: 'host' | 'store';
  /** For people, ≤ 120 characters, redacted: `run_command: npm test`. */
  readonly summary: string;
  /** Repeating it after a lost attempt does no harm. */
  readonly readOnly: boolean;
}

export interface StepInput {
  readonly runId: string;
  readonly turn: number;
  readonly fence: TreeFence;
}

export interface CallModelInput extends StepInput {
  /** Mail to hand over with this turn. */
  readonly mailIds: readonly string[];
  /** Facts the run must be told with this turn: files were rolled back, tools were lost, the conflict is not resolved. */
  readonly notes: readonly string[];
  /** How often a person lifted a budget hold; each adds one more allowance of the limit that was hit. */
  readonly budgetGrants: number;
}

/** Which recorded total has reached its limit. */
export interface BudgetHit {
  readonly scope: 'run' | 'task' | 'epic';
  readonly what: 'turns' | 'tokens' | 'money';
  readonly spent: number;
  readonly limit: number;
}

export type ModelStep =
  | { readonly kind: 'calls'; readonly calls: readonly ToolCallRef[] }
  /** The model ended its turn without a tool call. */
  | { readonly kind: 'silent'; readonly text: string }
  | { readonly kind: 'budget'; readonly hit: BudgetHit }
  /** The model refuses (stop reason `refusal`). */
  | { readonly kind: 'refused'; readonly reason: string };

export interface ModelActivities {
  /**
   * Model queue, MODEL. Buys one model reply and keeps it before answering; a repeat returns the kept reply.
   * @throws RateLimited, QuotaExhausted, Unavailable, MalformedReply, ContextTooLarge, PermissionDenied
   */
  callModel(input: CallModelInput): Promise<ModelStep>;
}

export interface ToolCallInput extends StepInput {
  readonly callId: string;
  readonly treeId?: string;
  /** For the call that ends the work: files of the merge that must hold no conflict markers. */
  readonly conflictFiles?: readonly string[];
}

/** What a tool call means for the run, beside its result (which is in the store). */
export type ToolEffect =
  | { readonly kind: 'completed'; readonly summary: string; readonly planVersion?: number }
  | { readonly kind: 'blocked'; readonly reason: string }
  /** A question that blocks the asker: after the seal the run waits for the answer. */
  | { readonly kind: 'asked'; readonly mailId: string; readonly of: string };

export interface ToolOutcome {
  readonly callId: string;
  readonly ok: boolean;
  readonly errorCode?: string;
  readonly effect?: ToolEffect;
}

/** Shared queue, STORE: tools that need no tree. */
export interface StoreToolActivities {
  runStoreTool(input: ToolCallInput): Promise<ToolOutcome>;
}

/** Host queue, HOST_TOOL: claimed, one attempt. @throws NeverStarted, WorktreeLost, Superseded */
export interface HostToolActivities {
  runHostTool(input: ToolCallInput): Promise<ToolOutcome>;
}

export interface SealTurnInput extends StepInput {
  readonly treeId?: string;
  readonly projectId: string;
  readonly taskId?: string;
  /** Calls of the turn in order; those without a recorded result are sealed as `unknown`. */
  readonly callIds: readonly string[];
  /** The host may hold edits of a lost call: files are not checkpointed. */
  readonly lost: boolean;
}

/** Files of a tree that no commit will hold as they are. */
export interface NotKept {
  /** What the repository's own ignore rules leave out; bounded. */
  readonly ignored?: readonly string[];
  /** Files that git cannot keep faithfully: while they are there, there is no checkpoint. */
  readonly refused?: { readonly paths: readonly string[]; readonly why: string };
}

export interface SealTurnOutcome extends NotKept {
  /** Commit of the tree after this turn at `refs/millwright/wip/<task>`; absent for read-only trees. */
  readonly checkpointSha?: string;
  /** Five equal calls with equal results. */
  readonly stuck: boolean;
}

/** Host queue, SEAL (shared queue for a run without a tree). The one writer of a turn's results. */
export interface SealActivities {
  sealTurn(input: SealTurnInput): Promise<SealTurnOutcome>;
}

export interface RunProgramInput extends StepInput {
  readonly treeId: string;
  readonly timeoutMs: number;
  readonly context: RunContext;
  readonly mailIds: readonly string[];
}

export type ProgramOutcome =
  | { readonly kind: 'complete'; readonly summary: string; readonly planVersion?: number }
  | { readonly kind: 'blocked'; readonly reason: string }
  /** `of`: whom, as in the effect `asked`. */
  | { readonly kind: 'question'; readonly mailId: string; readonly of?: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly exitCode?: number }
  /** `reason`: which limit of its own it met. */
  | { readonly kind: 'timeout'; readonly reason?: string };

/** Host queue, CLI_AGENT: one claimed run of a `command` agent's program. */
export interface ProgramActivities {
  runProgram(input: RunProgramInput): Promise<ProgramOutcome>;
}
