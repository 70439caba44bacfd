// What the server remembers. Plain data with ids; only the server's own code writes it.

export type Role = 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none';
export type Access = 'read' | 'write' | 'admin';
export type Permissions = Readonly<Record<string, Access>>;

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: 'User' | 'Organization' | 'Bot';
}

export interface App {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly ownerLogin: string;
  readonly publicKey: string;
  readonly privateKey: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
  readonly createdAt: string;
  readonly externalUrl: string;
}

export interface Installation {
  readonly id: number;
  readonly appId: number;
  readonly accountLogin: string;
  /** Absent: all repositories of the account. */
  repositoryIds?: number[];
  permissions: Permissions;
  readonly createdAt: string;
  suspendedAt: string | null;
}

export interface Token {
  /** What records name it by; the value itself appears in `value` only. */
  readonly id: string;
  readonly value: string;
  readonly kind: 'installation' | 'personal';
  /** Whose name its acts bear. */
  readonly login: string;
  readonly installationId: number | null;
  /** Null: whatever its person may. */
  readonly permissions: Permissions | null;
  /** Null: all that its installation or person reaches. */
  readonly repositoryIds: readonly number[] | null;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number | null;
  revokedAtMs: number | null;
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
}

/** What a branch's protection (`GH006`) or a ruleset (`GH013`) asks. */
export interface BranchRule {
  /** A name, or a glob of `fnmatch` as `release/*`. */
  readonly pattern: string;
  readonly source: 'protection' | 'ruleset';
  readonly requiredChecks?: readonly { readonly context: string; readonly appId?: number }[];
  /** Checks must have run on a head that holds the base's tip. */
  readonly strict?: boolean;
  /** So many approvals; a push past pull requests is refused. */
  readonly requiredApprovals?: number;
  readonly dismissesStaleReviews?: boolean;
  readonly allowsForcePushes?: boolean;
  readonly allowsDeletions?: boolean;
  readonly enforcesAdmins?: boolean;
  /** Logins or slugs of Apps that pass by all of it. */
  readonly bypass?: readonly string[];
}

export interface Repository {
  readonly id: number;
  owner: string;
  name: string;
  readonly isPrivate: boolean;
  defaultBranch: string;
  /** Of the bare repository. */
  readonly directory: string;
  readonly createdAt: string;
  pushedAt: string;
  isArchived: boolean;
  /** A private one on GitHub's free plan has none: its rules answer 403. */
  hasBranchRules: boolean;
  roles: Record<string, Role>;
  rules: BranchRule[];
  /** What a branch was called before to what it is called since. */
  readonly formerBranches: Map<string, string>;
  labels: Label[];
  lastNumber: number;
}

export interface Reaction {
  readonly id: number;
  readonly login: string;
  readonly content: string;
  readonly createdAt: string;
}

export interface Review {
  readonly id: number;
  readonly login: string;
  readonly body: string;
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED' | 'PENDING';
  readonly commitSha: string;
  readonly submittedAt: string;
}

export interface Mergeability {
  readonly headSha: string;
  readonly baseSha: string;
  readonly askedAtMs: number;
  /** Null while it is computed. */
  value: { readonly isMergeable: boolean; readonly commitSha: string | null } | null;
}

export interface Pull {
  headRef: string;
  headSha: string;
  baseRef: string;
  baseSha: string;
  isDraft: boolean;
  mergedAt: string | null;
  mergedBy: string | null;
  mergeCommitSha: string | null;
  mergeability: Mergeability | null;
  reviews: Review[];
}

/** What was done to an issue's labels, as its page lists it. */
export interface IssueEvent {
  readonly id: number;
  readonly event: 'labeled' | 'unlabeled';
  readonly login: string;
  readonly label: string;
  readonly createdAt: string;
}

/** An issue, or a pull request, which is an issue with a branch. */
export interface Issue {
  readonly id: number;
  readonly repositoryId: number;
  readonly number: number;
  title: string;
  body: string | null;
  readonly login: string;
  /** Slug of the App that wrote it. */
  readonly viaApp: string | null;
  state: 'open' | 'closed';
  stateReason: 'completed' | 'not_planned' | 'reopened' | null;
  closedBy: string | null;
  labels: string[];
  isLocked: boolean;
  readonly createdAt: string;
  readonly createdAtMs: number;
  updatedAt: string;
  closedAt: string | null;
  reactions: Reaction[];
  readonly events: IssueEvent[];
  pull: Pull | null;
}

export interface Comment {
  readonly id: number;
  readonly repositoryId: number;
  readonly issueNumber: number;
  readonly login: string;
  readonly viaApp: string | null;
  body: string;
  readonly createdAt: string;
  readonly createdAtMs: number;
  updatedAt: string;
  reactions: Reaction[];
}
