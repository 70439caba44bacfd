import type { GitRemote } from '../git/repository.js';

export type PullRequestState = 'open' | 'merged' | 'closed';

export interface PullRequest {
  readonly number: number;
  readonly url: string | null;
  readonly state: PullRequestState;
  readonly title: string;
  readonly body: string;
  readonly author: string;
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** Branch names without `refs/heads/`. */
  readonly headRef: string;
  readonly baseRef: string;
  /** Where the head branch stands now; its last known commit once the branch is gone. */
  readonly headSha: string;
  readonly isHeadGone: boolean;
  readonly mergeCommitSha: string | null;
  readonly marker: string;
}

export interface OpenPullRequest {
  readonly projectId: string;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly headRef: string;
  readonly headSha: string;
  readonly baseRef: string;
  readonly baseSha: string;
  readonly title: string;
  /** Ends with the marker, so that a lost answer is recognised. */
  readonly body: string;
  readonly marker: string;
  readonly author: string;
}

export interface PullRequestFilter {
  readonly state?: PullRequestState;
  readonly headRef?: string;
  readonly baseRef?: string;
}

export type MergeOutcome =
  | { readonly kind: 'merged'; readonly commit: string }
  | { readonly kind: 'headMoved' }
  /** Rules of the forge, or a conflict that it sees. */
  | { readonly kind: 'refused'; readonly message: string };

/** `import`: from the project's source, which is another repository. `own`: what the forge has is the source. */
export type History = { readonly kind: 'import' } | { readonly kind: 'own'; readonly defaultBranch: string };

/**
 * Where branches and pull requests are. Branches are read and moved by git alone, over `remote`; the port holds
 * what git cannot say. Every method may be repeated: a write reads back first.
 */
export interface Forge {
  /** Makes ready what the project needs there, and answers where its history comes from. Repeatable. */
  prepare(projectId: string, signal?: AbortSignal): Promise<History>;
  /** @throws NotFound before `prepare` */
  remote(projectId: string): Promise<GitRemote>;
  /**
   * Opens the one pull request of (head, base), or adopts the one that bears the marker and brings its head up to
   * date. @throws Conflict when another author's is open for the same branches
   */
  openPullRequest(input: OpenPullRequest, signal?: AbortSignal): Promise<PullRequest>;
  /** @throws NotFound */
  readPullRequest(projectId: string, number: number, signal?: AbortSignal): Promise<PullRequest>;
  /** By number, ascending. */
  listPullRequests(projectId: string, filter: PullRequestFilter, signal?: AbortSignal): Promise<readonly PullRequest[]>;
  /** Closed or merged already is success. @throws NotFound */
  closePullRequest(projectId: string, number: number, reason: string, signal?: AbortSignal): Promise<void>;
  /**
   * The forge's own merge of exactly this head; it guards nothing else. Merged already is for the caller to read.
   * @throws NotFound, Unavailable when nobody knows whether it happened
   */
  mergePullRequest(
    projectId: string,
    number: number,
    merge: { readonly headSha: string; readonly message: string },
    signal?: AbortSignal,
  ): Promise<MergeOutcome>;
  /**
   * Shows it as merged by this commit. Merged already by the same commit is success.
   * @throws Conflict when it was merged by another one; NotFound
   */
  markMerged(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void>;
  /**
   * For a landing that the forge does not show by itself in time: marks it by label, says in one comment which commit it
   * is, and closes it. Ended already is success. @throws NotFound
   */
  closeLanded(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void>;
}
