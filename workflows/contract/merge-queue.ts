import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { BuildResult, Candidate, QueuePriority, QueueState, QueueTiming } from '../../domain/merge/types.js';
import type { QueueView, WhyView } from '../../domain/merge/view-model.js';
import type { Tuning } from './tuning.js';

/** Workflow `mergeQueue`, id `merge-queue/<projectId>/<branch>`: one entity per project and target branch. */
export type MergeQueueWorkflow = (input: MergeQueueInput) => Promise<MergeQueueOutcome>;

export interface MergeQueueInput {
  readonly projectId: string;
  /** The target branch, without `refs/heads/`. */
  readonly branch: string;
  readonly tuning: Tuning;
  /** Events before a new history. Default 500; tests set less. */
  readonly maxEvents?: number;
  /** Overrides of the queue's own clock, for tests and the demo. */
  readonly timing?: Partial<QueueTiming>;
  /** Where somebody else saw the branch last: a queue that finds it rewritten holds its lane. */
  readonly knownTip?: string;
  /** Set by continue-as-new only. */
  readonly carried?: QueueState;
}

export type MergeQueueOutcome =
  /** Nothing waited for the idle time. The next `enqueue` starts the queue again. */
  | { readonly kind: 'idle'; readonly landed: number }
  /** The project or branch does not exist (any more); every entry was ejected. */
  | { readonly kind: 'gone'; readonly reason: string };

export interface EnqueueInput {
  /** Chosen by the caller (UUID); also the update id. A repeat gets the same answer. */
  readonly entryId: string;
  readonly prNumber: number;
  readonly taskId?: string;
  readonly epicId?: string;
  /** Workflow id that is told by `forgeEvent` and `requestRebase`. */
  readonly owner: string;
  /** Branch of the pull request, without `refs/heads/`. */
  readonly headRef: string;
  readonly headSha: string;
  readonly title: string;
  readonly priority: QueuePriority;
  /** Admins only: may build and land while the base is red. */
  readonly fixesBase?: boolean;
  readonly by: string;
}

/** `refused` never reaches a history: a validator throws it, the calling activity translates it. */
export type EnqueueOutcome =
  | { readonly kind: 'accepted'; readonly entryId: string; readonly seq: number }
  /** A live entry of the same pull request and head, or this very entry, live or ended. */
  | { readonly kind: 'exists'; readonly entryId: string; readonly state: string }
  | { readonly kind: 'refused'; readonly code: EnqueueRefusal; readonly message: string };

/** First detail of the `InvalidState` failure that a refused `enqueue` throws. */
export type EnqueueRefusal = 'QUEUE_FULL' | 'LANE_DRAINING' | 'PR_ALREADY_QUEUED' | 'INVALID_ENTRY';

export interface WithdrawCommand {
  readonly entryId: string;
  readonly by: string;
  readonly reason?: string;
}
export interface ReprioritiseCommand {
  readonly entryId: string;
  readonly priority: QueuePriority;
  readonly fixesBase?: boolean;
  readonly by: string;
  readonly reason: string;
}
export interface PauseLaneCommand {
  /** `pause`: builds end, nothing starts or lands. `drain`: no new entries. */
  readonly mode: 'pause' | 'drain';
  readonly by: string;
  readonly reason: string;
}
export interface OpenLaneCommand {
  readonly by: string;
  readonly reason?: string;
}

/** Answer of every control: the queue as it stands after the command. */
export const mergeQueueEnqueueUpdate = defineUpdate<EnqueueOutcome, [EnqueueInput]>('enqueue');
/** Refused with `NotFound` for an unknown entry and `InvalidState` once its push is scheduled. */
export const mergeQueueWithdrawUpdate = defineUpdate<QueueView, [WithdrawCommand]>('withdraw');
export const mergeQueueReprioritiseUpdate = defineUpdate<QueueView, [ReprioritiseCommand]>('reprioritise');
export const mergeQueuePauseLaneUpdate = defineUpdate<QueueView, [PauseLaneCommand]>('pauseLane');
/** Lifts a person's pause, a drain and an incident's pause; never a pause of the factory, nor a red base. */
export const mergeQueueOpenLaneUpdate = defineUpdate<QueueView, [OpenLaneCommand]>('openLane');

/** From `mergeBuild`; dropped unless it matches a path's attempt. */
export interface BuildDoneMessage {
  readonly pathId: string;
  readonly attempt: number;
  readonly phase: 'suspect' | 'verdict' | 'cancelled';
  readonly candidate?: Candidate;
  readonly result?: BuildResult;
}
export const mergeQueueBuildDoneSignal = defineSignal<[BuildDoneMessage]>('buildDone');
/** Wakes the loop: look at the remote and at silent builds now. */
export const mergeQueueTickSignal = defineSignal<[]>('tick');

export const mergeQueueEntriesQuery = defineQuery<QueueView>('entries');
export const mergeQueueWhyQuery = defineQuery<WhyView | undefined, [string]>('why');
