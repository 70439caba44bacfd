// Pull requests. Shared queue; FORGE_WRITE reads back before it writes.

export interface PullRequestRef {
  readonly number: number;
  readonly url: string | null;
}

export interface PublishedPullRequest extends PullRequestRef {
  /** Where its branch is, when that is not the commit that was asked for: somebody else pushed to it. */
  readonly foreignHead?: string;
}

export interface PullRequestView extends PullRequestRef {
  readonly state: 'open' | 'merged' | 'closed';
  readonly headSha: string;
  readonly mergeCommitSha: string | null;
}

export interface ForgeActivities {
  /** Opens the one PR of (headRef, baseRef), or adopts it by its marker and updates its head. Body and title come from the rows. */
  openPullRequest(input: {
    readonly projectId: string;
    readonly taskId?: string;
    readonly epicId?: string;
    readonly headRef: string;
    readonly headSha: string;
    readonly baseRef: string;
  }): Promise<PublishedPullRequest>;
  readPullRequest(input: { readonly projectId: string; readonly number: number }): Promise<PullRequestView>;
  /** Closes without merging; closed or merged already is success. */
  closePullRequest(input: {
    readonly projectId: string;
    readonly number: number;
    readonly reason: string;
  }): Promise<void>;
}
