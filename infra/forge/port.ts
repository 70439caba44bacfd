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
  /** Told of an open one only. A forge may close a pull request whose branch goes instead. */
  readonly isHeadGone: boolean;
  /** Of a merged one: the commit by which its head came to the base. A forge that marks by itself chooses which one. */
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
  /** Rules of the forge, a conflict that it sees, a draft, one that is ended; or the forge has no merge of its own. */
  | { readonly kind: 'refused'; readonly message: string };

/** `import`: from the project's source, which is another repository. `own`: what the forge has is the source. */
export type History = { readonly kind: 'import' } | { readonly kind: 'own'; readonly defaultBranch: string };

/**
 * Where branches and pull requests are. Branches are read and moved by git alone, over `remote`; the port holds
 * what git cannot say. Every method may be repeated, from another process too: a write reads back first. What every
 * caller may rely on is said by the tests of `test/infra/forge-contract`, which each forge passes.
 *
 * Any method throws NotFound for a project that the forge does not know, and Unavailable, RateLimited or
 * PermissionDenied where the forge does not answer, limits or refuses.
 */
export interface Forge {
  /** Makes ready what the project needs there, and answers where its history comes from. Repeatable. */
  prepare(projectId: string, signal?: AbortSignal): Promise<History>;
  /** @throws NotFound before `prepare` */
  remote(projectId: string): Promise<GitRemote>;
  /**
   * Opens the one pull request of (head, base), or adopts the one that bears the marker and brings its text up to date;
   * its head follows the branch. One that landed from the same head is adopted as it is.
   * @throws Conflict when another author's is open for the same branches; InvalidInput when there is no such branch, and
   *   on some forges when the base holds its head already; Unavailable while one is there that lists do not show yet
   */
  openPullRequest(input: OpenPullRequest, signal?: AbortSignal): Promise<PullRequest>;
  /** @throws NotFound */
  readPullRequest(projectId: string, number: number, signal?: AbortSignal): Promise<PullRequest>;
  /** By number, ascending. What was opened a moment ago may be missing. */
  listPullRequests(projectId: string, filter: PullRequestFilter, signal?: AbortSignal): Promise<readonly PullRequest[]>;
  /** Says why on its page, once. Closed or merged already is success. @throws NotFound */
  closePullRequest(projectId: string, number: number, reason: string, signal?: AbortSignal): Promise<void>;
  /**
   * The forge's own merge of exactly this head; it guards nothing else. Merged already is `refused`, and for the caller
   * to read. @throws NotFound, Unavailable when nobody knows whether it happened
   */
  mergePullRequest(
    projectId: string,
    number: number,
    merge: { readonly headSha: string; readonly message: string },
    signal?: AbortSignal,
  ): Promise<MergeOutcome>;
  /**
   * Shows it as merged by this commit, or sees that the forge does. Merged already by the same commit is success.
   * @throws Conflict when it was closed, or merged by another commit where the forge leaves that to us; Unavailable while
   *   a forge that marks by itself has not; NotFound
   */
  markMerged(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void>;
  /**
   * For a landing that the forge does not show by itself in time: says on its page which commit it is and ends it, as
   * merged where the forge leaves that to us, else as closed and labelled. Ended already is success. @throws NotFound
   */
  closeLanded(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void>;
}
