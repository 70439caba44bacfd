// State of one merge queue: plain JSON, integers only, collections as arrays ordered by id.
import type { QueueConfig, QueueTiming } from './settings.js';

export type { QueueConfig, QueueTiming } from './settings.js';

export type Sha = string;
export type EntryId = string;
export type EvidenceId = string;

export type EntryState = 'queued' | 'active' | 'rebasing' | 'landed' | 'ejected' | 'withdrawn';

/** Why an entry ended. The first two explain a landing, the others an ejection or withdrawal. */
export type Reason =
  | 'ALREADY_IN_BASE'
  | 'EXTERNALLY'
  | 'CHECKS_FAILED'
  | 'CHECK_TIMEOUT'
  | 'REBASE_EXHAUSTED'
  | 'HEAD_CHANGED'
  | 'HELD_BY_LABEL'
  | 'PR_CLOSED'
  | 'PR_DRAFT'
  | 'BRANCH_GONE'
  | 'BASE_CHANGED'
  | 'BASE_GONE'
  | 'OPERATOR';

/** 2 = urgent (role `lead`), 0 = whenever there is room. */
export type QueuePriority = 0 | 1 | 2;

/** What an entry touches, as a hex bitmask of groups. Without data it is a barrier: it conflicts with all. */
export interface Touch {
  readonly groups: string;
  readonly barrier: boolean;
  /** Names the table of groups; a new table re-inspects. */
  readonly tableRev: number;
}

/** `cost = round(-1e6 ln p)`, micro-nats, of "lands" and "does not land"; `okPpm = p × 1e6`. Made by an activity only. */
export interface Score {
  readonly costIn: number;
  readonly costOut: number;
  readonly okPpm: number;
  readonly estMs: number;
  readonly sdMs: number;
}

/** One outstanding rebase request. A further landing amends its tip and files; the id stays. */
export interface RebaseRequest {
  readonly requestId: string;
  readonly round: number;
  readonly tip: Sha;
  readonly files: readonly string[];
  readonly sinceMs: number;
  /** Set while the author is paused: that time does not count. */
  readonly heldSinceMs?: number;
}

/** One admission of a pull request. */
export interface Entry {
  readonly id: EntryId;
  readonly prNumber: number;
  readonly taskId?: string;
  readonly epicId?: string;
  /** Workflow to tell. */
  readonly owner: string;
  readonly headRef: string;
  readonly headSha: Sha;
  /** Hash of the change itself; empty until inspected. */
  readonly patchId: string;
  /** Frozen at inspection: it is part of the commit message. */
  readonly title: string;
  readonly seq: number;
  readonly priority: QueuePriority;
  /** May build and land while the lane is red. */
  readonly fixesBase: boolean;
  readonly enqueuedBy: string;
  readonly enqueuedAtMs: number;
  readonly state: EntryState;
  readonly touch: Touch;
  readonly score: Score;
  /** The head that was inspected; another one (or none) means that an inspection is due. */
  readonly inspectedHead?: Sha;
  /** Rebase rounds so far. */
  readonly rounds: number;
  /** Set while its author is asked; a rebasing entry without it waits for its turn. */
  readonly rebase?: RebaseRequest;
  /** Files of its last conflict with what has landed. */
  readonly contested?: readonly string[];
}

/** An entry that left the state; kept (bounded) so that a repeated admission gets the same answer. */
export interface EndedEntry {
  readonly id: EntryId;
  readonly prNumber: number;
  readonly headSha: Sha;
  readonly title: string;
  readonly state: 'landed' | 'ejected' | 'withdrawn';
  readonly reason?: Reason;
  readonly mergeSha?: Sha;
  readonly atMs: number;
}

/** What is built and landed as a unit. */
export interface Head {
  readonly id: number;
  readonly members: readonly EntryId[];
  readonly bornGen: number;
  readonly endGen?: number;
  readonly score: Score;
  /** Only `landed` and `left` are facts: a landing can fail. */
  readonly state: 'open' | 'merging' | 'landed' | 'left';
  /** Landings that found no certificate, counted at one tip. */
  readonly uncertified?: { readonly tip: Sha; readonly count: number };
}

/** Where a commit stands that was composed for a path. */
export interface Candidate {
  readonly parent: Sha;
  readonly commit: Sha;
  readonly tree: Sha;
}

export type PathStatus = 'building' | 'retrying' | 'passed' | 'failed' | 'conflict' | 'empty' | 'cancelling';

/** One assumption about every dependency of a head: those in `on` land before it, all others do not. */
export interface Path {
  readonly id: string;
  readonly head: number;
  /** Ascending head ids. */
  readonly on: readonly number[];
  readonly status: PathStatus;
  readonly attempt: number;
  readonly gen: number;
  readonly epoch: number;
  readonly startedAtMs: number;
  /** A first red is being run again. */
  readonly suspect: boolean;
  readonly suspectTests: readonly string[];
  /** When the next attempt may start; set while `retrying`. */
  readonly retryAtMs?: number;
  readonly candidate?: Candidate;
  readonly result?: BuildResult;
  /** A revalidation found that its tree is no longer what would land. */
  readonly obsolete?: boolean;
}

export type BuildCause = 'red' | 'inherited' | 'timeout' | 'infra' | 'conflict' | 'empty' | 'tipMoved' | 'none';

export interface FailedCheck {
  readonly name: string;
  readonly failedTests: readonly string[];
  readonly logRef?: string;
}

/** What a build reports. `none` = passed. */
export interface BuildResult {
  readonly cause: BuildCause;
  /** At most 50 over all checks. */
  readonly failedTests: readonly string[];
  readonly failedChecks: readonly FailedCheck[];
  readonly conflict?: { readonly with: number | 'tip'; readonly files: readonly string[] };
  readonly evidence: readonly EvidenceId[];
  /** Of `infra`: what broke, in one sentence. */
  readonly error?: string;
  /** Of `tipMoved`: the tip the build found. Of `inherited`: the base commit that is red itself. */
  readonly tip?: Sha;
}

export interface LandingTarget {
  readonly base: Sha;
  readonly commit: Sha;
  readonly tree: Sha;
}

export interface Landing {
  readonly head: number;
  readonly stage: 'preparing' | 'pushing';
  readonly target?: LandingTarget;
}

export type LanePausedBy = 'person' | 'factory' | 'incident';

export interface LaneRed {
  readonly reason: string;
  readonly sinceMs: number;
  readonly tip: Sha;
  readonly checks: readonly FailedCheck[];
  readonly nextControlAtMs: number;
}

export type LaneMode = 'red' | 'paused' | 'draining' | 'open';

export interface Lane {
  readonly pausedBy: readonly LanePausedBy[];
  readonly draining: boolean;
  readonly red?: LaneRed;
  readonly by: string;
  readonly reason: string;
  readonly sinceMs: number;
}

/** A run of the required checks on the tip itself, to see whether a red base is green again. */
export interface ControlRun {
  readonly pathId: string;
  readonly attempt: number;
  readonly tip: Sha;
  readonly startedAtMs: number;
}

/** What another workflow must still be told. Delivered at least once; receivers drop repeats. */
export type Notice =
  | {
      readonly kind: 'landed';
      readonly id: number;
      readonly entry: NoticeEntry;
      readonly mergeSha: Sha;
      readonly reason?: Reason;
    }
  | {
      readonly kind: 'ejected';
      readonly id: number;
      readonly entry: NoticeEntry;
      readonly reason: Reason;
      readonly detail: EjectionDetail;
    }
  | { readonly kind: 'withdrawn'; readonly id: number; readonly entry: NoticeEntry; readonly by: string }
  | {
      readonly kind: 'rebase';
      readonly id: number;
      readonly entry: NoticeEntry;
      readonly request: RebaseRequest;
      readonly amends: boolean;
    }
  | {
      readonly kind: 'lane';
      readonly id: number;
      readonly to: string;
      readonly mode: LaneMode;
      readonly reason: string;
    }
  | {
      readonly kind: 'epicLane';
      readonly id: number;
      readonly epicId: string;
      readonly mode: LaneMode;
      readonly reason: string;
    }
  /** People must look: nothing lands until they did, or until the base is green again. */
  | { readonly kind: 'incident'; readonly id: number; readonly reason: string; readonly isRedBase?: true };

export interface NoticeEntry {
  readonly entryId: EntryId;
  readonly prNumber: number;
  readonly owner: string;
  readonly headSha: Sha;
  readonly title: string;
  readonly taskId?: string;
  readonly epicId?: string;
}

/** What an ejected author needs to know. */
export interface EjectionDetail {
  readonly evidence: readonly EvidenceId[];
  readonly failedChecks: readonly FailedCheck[];
  readonly tree?: Sha;
  readonly files?: readonly string[];
}

/** One change worth a decision. Numbered, so that it is stored once. */
export interface QueueTransition {
  readonly number: number;
  readonly atMs: number;
  /** Event type: `queue.entry` or `queue.lane`. */
  readonly type: 'queue.entry' | 'queue.lane';
  readonly entryId?: EntryId;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly by: string;
}

/** A landed pull request whose forge mark is still owed. */
export interface OwedMark {
  readonly entryId: EntryId;
  readonly prNumber: number;
  readonly mergeSha: Sha;
  readonly headRef: string;
}

/** A commit that landed lately; named in rebase requests. */
export interface LandedChange {
  readonly prNumber: number;
  readonly title: string;
  readonly commit: Sha;
}

export interface QueueState {
  readonly queueId: string;
  /** Start of the queue's first run in base 36: path ids never repeat after an idle exit. */
  readonly runTag: string;
  readonly cfg: QueueConfig;
  readonly timing: QueueTiming;
  /** For people only. */
  readonly projectName?: string;
  /** Base commit the queue believes in. */
  readonly tip: Sha;
  /** Tip moves that the queue did not make. */
  readonly epoch: number;
  /** State changes. */
  readonly gen: number;
  readonly next: {
    readonly seq: number;
    readonly head: number;
    readonly path: number;
    readonly notice: number;
    readonly transition: number;
  };
  readonly entries: readonly Entry[];
  readonly heads: readonly Head[];
  readonly paths: readonly Path[];
  readonly landing?: Landing;
  readonly control?: ControlRun;
  readonly lane: Lane;
  /** Workflows that wait for the lane though they have no entry. */
  readonly waiters: readonly string[];
  readonly ended: readonly EndedEntry[];
  /** Ended entries whose rows do not say so yet. */
  readonly unrecorded: readonly {
    readonly entry: Entry;
    readonly ended: EndedEntry;
    readonly detail?: EjectionDetail;
  }[];
  readonly recent: readonly LandedChange[];
  readonly marks: readonly OwedMark[];
  /** The remote must be read before anything starts or lands. */
  readonly remoteDue: boolean;
  /** The tip that waiting entries must still be composed with. */
  readonly sweep?: Sha;
  readonly notices: readonly Notice[];
  readonly transitions: readonly QueueTransition[];
}
