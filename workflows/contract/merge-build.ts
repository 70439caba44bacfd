import type { BuildResult, Candidate, Sha } from '../../domain/merge/types.js';
import type { MergeMember } from './activities/merge.js';
import type { Tuning } from './tuning.js';

/** Workflow `mergeBuild`, id `buildWorkflowId(queueId, pathId, attempt)`: one attempt at one candidate. */
export type MergeBuildWorkflow = (input: MergeBuildInput) => Promise<MergeBuildOutcome>;

export interface MergeBuildInput {
  readonly queueId: string;
  readonly projectId: string;
  readonly branch: string;
  readonly pathId: string;
  readonly attempt: number;
  /** From this attempt on a timeout is judged by a control run instead of being repeated. */
  readonly maxAttempts: number;
  /** Head id, or 0 for a control run on the tip. */
  readonly head: number;
  readonly on: readonly number[];
  readonly tip: Sha;
  /** Unlanded members of `on` in rank order, then the head's. Empty: the checks run on the tip itself. */
  readonly members: readonly MergeMember[];
  readonly tuning: Tuning;
}

export type MergeBuildOutcome =
  | { readonly kind: 'verdict'; readonly candidate?: Candidate; readonly result: BuildResult }
  | { readonly kind: 'cancelled' };
