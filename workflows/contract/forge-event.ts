import { defineSignal } from '@temporalio/workflow';
import type { EjectionDetail, FailedCheck, LandedChange, LaneMode, Reason } from '../../domain/merge/types.js';

/** What a queue tells the workflow that owns an entry. Repeats are possible; `entryId` and `kind` identify one. */
export type OwnerForgeEvent =
  | {
      readonly kind: 'entryLanded';
      readonly entryId: string;
      readonly prNumber: number;
      /** First-parent commit of the base that holds the change. */
      readonly mergeSha: string;
      /** `ALREADY_IN_BASE` or `EXTERNALLY` when the queue itself pushed nothing. */
      readonly reason?: Reason;
    }
  | {
      readonly kind: 'entryEjected';
      readonly entryId: string;
      readonly prNumber: number;
      readonly reason: Reason;
      readonly detail: EjectionDetail;
      /** What to do next, for people and agents. */
      readonly next: string;
    }
  | { readonly kind: 'entryWithdrawn'; readonly entryId: string; readonly prNumber: number; readonly by: string }
  | { readonly kind: 'laneChanged'; readonly queueId: string; readonly mode: LaneMode; readonly reason: string };

/** What the owner of an entry tells its queue. */
export type QueueForgeEvent =
  /** The author pushed; sent after the new head was verified (and, once reviews exist, approved). */
  | { readonly kind: 'headPushed'; readonly entryId: string; readonly headSha: string }
  /** The owner gives up (cancelled task). Answered by `entryWithdrawn`, or `entryLanded` when it came too late. */
  | { readonly kind: 'withdraw'; readonly entryId: string; readonly by: string; readonly reason: string }
  /** The author of an entry that is rebasing was paused or goes on: paused time does not count. */
  | { readonly kind: 'authorHeld'; readonly entryId: string; readonly on: boolean }
  /** A control run of a task was red on the tip. The sender is told `laneChanged` when the lane opens. */
  | {
      readonly kind: 'baseRed';
      readonly tip: string;
      readonly checks: readonly FailedCheck[];
      readonly from: string;
    }
  /** The base may have moved (import, webhook, reconciler): read it. */
  | { readonly kind: 'baseMoved' };

/** Wire name `forgeEvent` on every workflow; the payload's union depends on who receives it. */
export const ownerForgeEventSignal = defineSignal<[OwnerForgeEvent]>('forgeEvent');
export const queueForgeEventSignal = defineSignal<[QueueForgeEvent]>('forgeEvent');

/** Asks the author to resolve a conflict with landed content. The same `requestId` with another `tip` amends. */
export interface RebaseRequestMessage {
  readonly requestId: string;
  readonly entryId: string;
  readonly prNumber: number;
  /** Merge this into the head. */
  readonly tip: string;
  readonly headSha: string;
  readonly files: readonly string[];
  /** Latest landings on the base, newest first. */
  readonly landed: readonly LandedChange[];
  /** 1-based. */
  readonly round: number;
  readonly maxRounds: number;
  readonly dueAt: string;
}
export const requestRebaseSignal = defineSignal<[RebaseRequestMessage]>('requestRebase');
