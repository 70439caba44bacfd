import type { GithubCredentials } from '../../config/github.js';
import type { RenamedBranch } from '../../git/branch-names.js';

export interface GitHubAccessSettings {
  /** Where repositories and pages are, without a trailing slash. */
  readonly webUrl: string;
  /** Where the REST API is, without a trailing slash. */
  readonly apiUrl: string;
  /** A person's token for a first try, or an App that several hosts and people share. */
  readonly identity: GithubCredentials;
}

/** A repository as its owner and name are now. */
export interface RepositoryName {
  readonly owner: string;
  readonly repo: string;
}

export interface KnownRepository extends RepositoryName {
  /** GitHub's number of it, which a rename or a transfer keeps; null, or absent, until it was seen once. */
  readonly repositoryId?: number | null;
  /** The project's base, where GitHub calls it otherwise than we do. */
  readonly renamed?: RenamedBranch;
}

/** Least permissions of one operation, in the words of GitHub's installation tokens. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>;
