// Activities on repositories and trees. `Tree…` run on a host's own queue, the rest on the shared one.
import type { NoRoom } from '../../../domain/waiting-words.js';
import type { TreeFence } from '../fence.js';

/** The disk of the host that answered is nearly full. */
export interface FullHost extends NoRoom {
  readonly kind: 'full';
}

export interface HostClaim {
  readonly hostQueue: string;
  readonly hostId: string;
}

/** Shared queue, policy CLAIM_HOST: answers with the queue of the process that ran it. */
export interface HostClaimActivities {
  /**
   * A host whose disk is nearly full takes no work: it answers so, and once per episode the admins get mail.
   * @param input.isPatient asks until a host has room: a full one is the failure `DISK_FULL`, which the policy repeats
   */
  claimHost(input: { readonly projectId: string; readonly isPatient?: boolean }): Promise<HostClaim | FullHost>;
}

export interface AcquireTreeInput {
  readonly projectId: string;
  /** Owner of the tree: a task, or a run for read-only trees. Acquiring twice for one owner answers the same tree. */
  readonly ownerId: string;
  readonly taskId?: string;
  /** Branch whose tip is taken when `at` is absent. */
  readonly branch: string;
  /** Commit to check out; the last checkpoint when a tree is rebuilt. */
  readonly at?: string;
  readonly mode: 'write' | 'read';
  readonly fence: TreeFence;
}

export interface TreeRef {
  readonly treeId: string;
  readonly projectId: string;
  readonly taskId?: string;
  readonly fence: TreeFence;
}

export interface ConflictFile {
  readonly path: string;
  /** `both modified`, `deleted by base`, `renamed …`, `binary`: for the agent's mail. */
  readonly what: string;
}

export type CommitOutcome =
  | {
      readonly kind: 'committed';
      readonly headSha: string;
      readonly treeSha: string;
      readonly files: readonly string[];
      /** What the repository's own ignore rules left out; bounded. Absent when it is nothing. */
      readonly ignored?: readonly string[];
    }
  /** The tree equals the parent's: a failed attempt. */
  | { readonly kind: 'no_change'; readonly ignored?: readonly string[] }
  /** Files that git cannot keep faithfully; nothing was committed. */
  | { readonly kind: 'refused'; readonly paths: readonly string[]; readonly why: string }
  | { readonly kind: 'markers'; readonly files: readonly string[] };

export interface CommitRoundInput extends TreeRef {
  readonly branch: string;
  /** First parent is the previous head (first round: baseSha); a merge adds the tip. */
  readonly parents: readonly string[];
  readonly title: string;
  readonly summary: string;
  readonly round: number;
  /** Files that must hold no conflict markers. */
  readonly conflictFiles?: readonly string[];
}

/** Host queue. WORKTREE for acquire, rebase and commit; SEAL for checkpoint. @throws WorktreeLost, Superseded, NeverStarted */
export interface TreeActivities {
  /** Takes a tree from the pool, or makes one; runs setup's layer into it. */
  acquireTree(input: AcquireTreeInput): Promise<{ readonly treeId: string; readonly baseSha: string }>;
  /** Writes the merge of tip and head into the tree, conflict markers included. */
  prepareRebase(
    input: TreeRef & { readonly tip: string; readonly headSha: string },
  ): Promise<{ readonly kind: 'clean' | 'conflict'; readonly files: readonly ConflictFile[] }>;
  /** Commits the tree as it is and pushes the task branch with a lease. A repeat finds the same commit. */
  commitRound(input: CommitRoundInput): Promise<CommitOutcome>;
  /** Gives the tree back to the pool; it is reset in the background. Unknown trees are released already. */
  releaseTree(input: { readonly treeId: string; readonly projectId: string; readonly ownerId: string }): Promise<void>;
  /** Removes trees, locks and sandboxes of dead owners and of closed workflows. */
  cleanHost(input: { readonly hostQueue: string }): Promise<{ readonly removed: number }>;
}

/** Shared queue, FORGE_READ and FORGE_WRITE. */
export interface RepositoryActivities {
  /** Moves the forge's branch to the source's by fast-forward with a lease. @throws Conflict when they diverged */
  importSource(input: { readonly projectId: string }): Promise<{
    readonly baseBranch: string;
    readonly tip: string;
    readonly moved: boolean;
    /** Others change the forge too: it is to be looked at. */
    readonly isShared?: boolean;
  }>;
  /** Reads configuration and proposals at the tip and stores the effective configuration. */
  inspectProject(input: {
    readonly projectId: string;
    readonly tip: string;
  }): Promise<{ readonly kind: 'ready' | 'refused'; readonly reason?: string }>;
  readTip(input: { readonly projectId: string; readonly branch: string }): Promise<{ readonly sha: string | null }>;
  /** Creates the branch at `from`'s tip, or answers where it already stands. */
  createBranch(input: {
    readonly projectId: string;
    readonly branch: string;
    readonly from: string;
  }): Promise<{ readonly sha: string }>;
  /** Deletes a branch of ours once `mergedSha` is seen on `target`; false while it is not. */
  deleteMergedBranch(input: {
    readonly projectId: string;
    readonly branch: string;
    readonly target: string;
    readonly mergedSha: string;
  }): Promise<{ readonly deleted: boolean }>;
  /** Deletes a branch of cancelled or failed work, and its checkpoints. */
  dropBranch(input: { readonly projectId: string; readonly branch: string; readonly taskId?: string }): Promise<void>;
  dropCheckpoints(input: { readonly projectId: string; readonly taskId: string }): Promise<void>;
  /** True when head adds nothing to tip. */
  isContained(input: { readonly projectId: string; readonly tip: string; readonly head: string }): Promise<boolean>;
  /** Branches, refs and claims of closed workflows. */
  cleanRepository(input: { readonly projectId: string }): Promise<{ readonly removed: number }>;
}
