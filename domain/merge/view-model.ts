import type { EntryId, EntryState, LaneMode, LanePausedBy, QueuePriority, Reason, Sha } from './types.js';

/** Exactly one primary reason why a pull request has not landed yet, with ids. */
export type Why =
  | { readonly kind: 'INSPECTION' }
  /** `entries` names the first ten of `count`. */
  | { readonly kind: 'AHEAD'; readonly entries: readonly EntryId[]; readonly count: number }
  | { readonly kind: 'NO_SLOT'; readonly used: number; readonly budget: number }
  | { readonly kind: 'BUILDING'; readonly buildId: string; readonly sinceMs: number }
  | { readonly kind: 'SUSPECT'; readonly tests: readonly string[] }
  | { readonly kind: 'FAILING_BEHIND'; readonly entries: readonly EntryId[]; readonly tests: readonly string[] }
  | { readonly kind: 'REBASING'; readonly round: number; readonly files: readonly string[] }
  /** Its author is asked after those of `entries`, the first ten of `count`. */
  | {
      readonly kind: 'TURN';
      readonly files: readonly string[];
      readonly entries: readonly EntryId[];
      readonly count: number;
    }
  | {
      readonly kind: 'LANE';
      readonly mode: LaneMode;
      readonly by: string;
      readonly reason: string;
      readonly sinceMs: number;
    }
  | { readonly kind: 'INFRA'; readonly attempt: number; readonly error: string }
  | { readonly kind: 'STALE'; readonly sha: Sha }
  | { readonly kind: 'PASSED' }
  | { readonly kind: 'LANDING' };

export type EntryStatus =
  | 'inspecting'
  | 'waiting'
  | 'building'
  | 'suspect'
  | 'retrying'
  | 'passed-waiting'
  | 'landing'
  | 'rebasing'
  | 'held';

/** One live entry as people see it. */
export interface EntryView {
  readonly entryId: EntryId;
  readonly prNumber: number;
  readonly title: string;
  readonly state: EntryState;
  /** 1-based, in the order in which entries would land now. */
  readonly position: number;
  readonly priority: QueuePriority;
  readonly fixesBase: boolean;
  readonly status: EntryStatus;
  readonly why: Why;
  /** From now; null while the reason gives no time. */
  readonly etaMs: number | null;
  readonly etaHighMs: number | null;
  readonly taskId?: string;
  readonly epicId?: string;
}

export interface EndedView {
  readonly entryId: EntryId;
  readonly prNumber: number;
  readonly title: string;
  readonly state: 'landed' | 'ejected' | 'withdrawn';
  readonly reason?: Reason;
  readonly mergeSha?: Sha;
  readonly atMs: number;
}

export interface LaneView {
  /** Red before paused before draining before open. */
  readonly mode: LaneMode;
  readonly pausedBy: readonly LanePausedBy[];
  readonly draining: boolean;
  readonly by: string;
  readonly reason: string;
  readonly sinceMs: number;
}

export interface QueueView {
  readonly queueId: string;
  readonly tip: Sha;
  readonly lane: LaneView;
  readonly slots: { readonly used: number; readonly budget: number };
  readonly entries: readonly EntryView[];
  /** Newest first, at most 20. */
  readonly ended: readonly EndedView[];
}

/** `why` of one entry, with what its head was built on. */
export interface WhyView {
  readonly entry: EntryView;
  /** One sentence for people. */
  readonly text: string;
  readonly builds: readonly {
    readonly pathId: string;
    readonly attempt: number;
    readonly status: string;
    /** Pull requests it assumed to have landed before. */
    readonly on: readonly number[];
  }[];
}
