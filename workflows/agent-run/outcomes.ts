import type { BudgetHit, NotKept, ToolEffect } from '../contract/activities/agents.js';
import type { RunHost } from '../contract/agent-run.js';

/** How one turn ended, and on which host. */
export type TurnOutcome = { readonly host: RunHost } & (
  | {
      readonly kind: 'sealed';
      readonly effects: readonly ToolEffect[];
      readonly checkpointSha?: string;
      /** Five equal calls with equal results. */
      readonly stuck: boolean;
      /** The model called no tool. */
      readonly silent: boolean;
      readonly notKept?: NotKept;
    }
  /** Files are back at the turn's start; the transcript keeps the results. */
  | { readonly kind: 'rolledBack'; readonly effects: readonly ToolEffect[]; readonly reason: string }
  /** Cancelled by a stop or the deadline. */
  | { readonly kind: 'interrupted'; readonly checkpointSha?: string }
  | { readonly kind: 'budget'; readonly hit: BudgetHit }
  | { readonly kind: 'quota'; readonly untilMs?: number }
  | { readonly kind: 'malformed'; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly agentFault: boolean;
      readonly needsPerson?: boolean;
      readonly checkpointSha?: string;
    }
  /** The tree is gone and could not be made anew here. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** A program's time was over. */
  | { readonly kind: 'timeout'; readonly reason?: string; readonly checkpointSha?: string }
);
