import type {
  BuildResult,
  Candidate,
  EjectionDetail,
  EntryState,
  LandingTarget,
  LaneMode,
  QueueConfig,
  QueuePriority,
  Reason,
  Score,
  Sha,
  Touch,
} from '../../../domain/merge/types.js';
import type { LifecycleEntry, LifecycleKey } from '../lifecycle.js';

export interface QueueRef {
  readonly projectId: string;
  /** Target branch, without `refs/heads/`. */
  readonly branch: string;
}

/** One pull request as a candidate is composed of it. */
export interface MergeMember {
  readonly entryId: string;
  readonly prNumber: number;
  readonly headRef: string;
  readonly headSha: Sha;
  /** Frozen title: it is part of the commit. */
  readonly title: string;
}

export type OpenQueueOutcome =
  | {
      readonly kind: 'open';
      readonly tip: Sha;
      readonly cfg: QueueConfig;
      /** For people: ids carry the project's id only. */
      readonly projectName?: string;
      /** Where the branch was seen last, when it no longer contains that: it was pushed by force while no queue lived. */
      readonly lostTip?: Sha;
    }
  | { readonly kind: 'gone'; readonly reason: string };

/** What the remote says; `rewritten` = the known tip is no ancestor of the present one. */
export type RemoteView =
  | {
      readonly kind: 'there';
      readonly tip: Sha;
      readonly moved: 'no' | 'forward' | 'rewritten';
      readonly cfg: QueueConfig;
    }
  | { readonly kind: 'gone'; readonly reason: string };

/** Read anew at inspection and right before landing. */
export type GuardReason = 'PR_CLOSED' | 'PR_DRAFT' | 'BASE_CHANGED' | 'BRANCH_GONE' | 'HELD_BY_LABEL';

export interface InspectInput extends QueueRef {
  readonly entryId: string;
  readonly prNumber: number;
  readonly headRef: string;
  readonly headSha: Sha;
  readonly tip: Sha;
  readonly title: string;
  /** Of the head that was inspected before; absent at the first inspection. */
  readonly patchId?: string;
}

export type InspectOutcome =
  | {
      readonly kind: 'ready';
      /** Head of the pull request as the forge has it. */
      readonly headSha: Sha;
      readonly patchId: string;
      readonly title: string;
      readonly touch: Touch;
      readonly score: Score;
      /** Present when the head conflicts with the tip itself. */
      readonly conflict?: readonly string[];
    }
  /** Seen on the base already: landed by an earlier life of the queue, or by somebody else. */
  | { readonly kind: 'landed'; readonly mergeSha: Sha; readonly external: boolean }
  /** The row already ended; nothing is to be done again. */
  | { readonly kind: 'ended'; readonly state: 'landed' | 'ejected' | 'withdrawn'; readonly mergeSha?: Sha }
  /** The forge's head is another change than the one that was enqueued. */
  | { readonly kind: 'headChanged'; readonly headSha: Sha }
  | { readonly kind: 'refused'; readonly reason: GuardReason };

export interface ComposeInput extends QueueRef {
  readonly tip: Sha;
  readonly members: readonly MergeMember[];
  /** Answer `tipMoved` when the remote branch is elsewhere. */
  readonly expectTip: boolean;
}

export type ComposeOutcome =
  | ({ readonly kind: 'composed'; readonly parentTree: Sha } & Candidate)
  /** Exact conflict of `member` with the tip (or, later, with a member before it). */
  | { readonly kind: 'conflict'; readonly entryId: string; readonly with: 'tip'; readonly files: readonly string[] }
  /** The candidate changes nothing: everything is in the base. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'tipMoved'; readonly tip: Sha };

export interface PrepareLandingInput extends QueueRef {
  readonly tip: Sha;
  readonly members: readonly MergeMember[];
}

export type PrepareLandingOutcome =
  | { readonly kind: 'ready'; readonly target: LandingTarget }
  | { readonly kind: 'refused'; readonly entryId: string; readonly reason: GuardReason }
  | { readonly kind: 'headMoved'; readonly entryId: string; readonly headSha: Sha }
  | { readonly kind: 'conflict'; readonly entryId: string; readonly files: readonly string[] }
  | { readonly kind: 'empty' }
  /** Passed evidence is missing for these checks on the tree that would land. */
  | { readonly kind: 'uncertified'; readonly checks: readonly string[] }
  | { readonly kind: 'tipMoved'; readonly tip: Sha };

export interface LandInput extends QueueRef {
  readonly target: LandingTarget;
  /** A host that did not compose the target makes it again: composing is a function of its input. */
  readonly members: readonly MergeMember[];
}

export type LandOutcome =
  /** `commit`: the forge made one of its own, instead of the target's. */
  | { readonly kind: 'landed'; readonly commit?: Sha }
  | { readonly kind: 'baseMoved'; readonly tip: Sha }
  | { readonly kind: 'headMoved'; readonly headSha: Sha }
  | { readonly kind: 'headGone' }
  /** The forge does not let us push; `message` names the setting to change. */
  | { readonly kind: 'forbidden'; readonly message: string };

export type LandingCheck = { readonly kind: 'ok' } | { readonly kind: 'mismatch'; readonly message: string };

export interface SweepInput extends QueueRef {
  readonly tip: Sha;
  readonly entries: readonly { readonly entryId: string; readonly headSha: Sha; readonly headRef: string }[];
}
export interface SweepOutcome {
  readonly conflicts: readonly { readonly entryId: string; readonly headSha: Sha; readonly files: readonly string[] }[];
}

export type RevalidateOutcome =
  | { readonly kind: 'passed'; readonly candidate: Candidate; readonly evidence: readonly string[] }
  | { readonly kind: 'failed'; readonly candidate: Candidate; readonly result: BuildResult }
  /** The candidate's tree did not change: a build of it is still of use. */
  | { readonly kind: 'same'; readonly candidate: Candidate }
  | { readonly kind: 'forget' };

export interface MarkLandedInput extends QueueRef {
  readonly entryId: string;
  readonly prNumber: number;
  readonly mergeSha: Sha;
}

/** Git and forge effects of the queue. All are idempotent or read back first. */
export interface MergeActivities {
  openQueue(input: QueueRef & { readonly knownTip?: Sha }): Promise<OpenQueueOutcome>;
  readQueueRemote(input: QueueRef & { readonly tip: Sha }): Promise<RemoteView>;
  inspectEntry(input: InspectInput): Promise<InspectOutcome>;
  composeCandidate(input: ComposeInput): Promise<ComposeOutcome>;
  /** Step 1 of a landing: guards, composition on the present tip, certificate. Moves nothing. */
  prepareLanding(input: PrepareLandingInput): Promise<PrepareLandingOutcome>;
  /** Step 3: done when the remote base contains the commit, else pushes with leases on base and head. */
  landHead(input: LandInput): Promise<LandOutcome>;
  /** Step 4: tree and first-parent chain of the base are what was tested. */
  checkLanding(input: QueueRef & { readonly target: LandingTarget }): Promise<LandingCheck>;
  /** The forge shows the pull request as merged; repeated until read back. */
  markLanded(input: MarkLandedInput): Promise<void>;
  sweepMergeability(input: SweepInput): Promise<SweepOutcome>;
  /** Recomposes on the present tip and looks the keys up. Runs nothing. */
  revalidatePath(
    input: QueueRef & { readonly tip: Sha; readonly members: readonly MergeMember[]; readonly tree?: Sha },
  ): Promise<RevalidateOutcome>;
}

/** One line of the log; belongs to the entry's task and epic where it has them. */
export interface QueueLifecycleEntry extends LifecycleEntry {
  readonly taskId?: string;
  readonly epicId?: string;
}

export interface RecordQueueInput extends QueueRef {
  readonly key: LifecycleKey;
  /** Generation of the state that the rows show; an older one never overwrites a newer. */
  readonly gen: number;
  readonly entries: readonly QueueEntryRecord[];
  readonly lane?: QueueLaneRecord;
  readonly log: readonly QueueLifecycleEntry[];
}

export interface QueueLaneRecord {
  readonly mode: LaneMode;
  readonly pausedBy: readonly string[];
  readonly draining: boolean;
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  readonly tip: Sha;
}

export interface QueueEntryRecord {
  readonly entryId: string;
  readonly prNumber: number;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly owner: string;
  readonly title: string;
  readonly headRef: string;
  readonly headSha: Sha;
  readonly patchId: string;
  readonly seq: number;
  readonly priority: QueuePriority;
  readonly fixesBase: boolean;
  readonly state: EntryState;
  readonly reason?: Reason;
  readonly enqueuedBy: string;
  readonly enqueuedAt: string;
  readonly landedSha?: Sha;
  readonly decidedAt?: string;
  /** Of an ejected one. */
  readonly detail?: EjectionDetail;
}

export interface RecordBuildInput extends QueueRef {
  readonly pathId: string;
  readonly attempt: number;
  readonly head: number;
  readonly on: readonly number[];
  readonly members: readonly string[];
  readonly workflowId: string;
  readonly status: 'building' | 'done' | 'cancelled';
  /** Time that checks ran, summed over machines. */
  readonly machineMs: number;
  readonly candidate?: Candidate;
  readonly result?: BuildResult;
}

export interface StoredBuild {
  readonly status: RecordBuildInput['status'];
  readonly candidate?: Candidate;
  readonly result?: BuildResult;
}

export interface RebaseMailInput extends QueueRef {
  readonly requestId: string;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly subject: string;
  readonly body: string;
  readonly dueAt: string;
}

/** Rows of the queue. */
export interface QueueStoreActivities {
  /** Projection and decisions of what changed. */
  recordQueue(input: RecordQueueInput): Promise<void>;
  recordBuild(input: RecordBuildInput): Promise<void>;
  /** The stored verdict of a build whose workflow has closed without being heard. */
  readBuild(input: { readonly pathId: string; readonly attempt: number }): Promise<StoredBuild | null>;
  /** The landing's target on the entry's row, before anything is pushed. */
  recordLandingTarget(input: { readonly entryId: string; readonly target: LandingTarget }): Promise<void>;
  /** One mail per request id, however often it is sent. */
  sendRebaseMail(input: RebaseMailInput): Promise<void>;
}
