import type { Octokit } from '@octokit/rest';
import type { RenamedBranch } from '../../git/branch-names.js';
import type { Pools } from '../../pg/pools.js';
import type { ClientFor, GitHubAccess } from './access.js';
import { findProjectOnGitHub } from './project-repository.repository.js';
import type { RepositoryName } from './settings.js';

/** What everything that speaks to GitHub about a project works with. */
export interface GitHubDeps {
  readonly pools: Pools;
  readonly access: GitHubAccess;
}

export interface ProjectClient {
  /** As requests spell it: nothing but owner and repo, because Octokit sends whatever else it is given. */
  readonly name: RepositoryName;
  readonly client: Octokit;
  /** The project's base, where GitHub calls it otherwise than we do. */
  readonly renamed?: RenamedBranch;
}

/** A client for one operation on the project's repository. @throws NotFound; InvalidState for a project that is elsewhere */
export async function openProject(
  { pools, access }: GitHubDeps,
  projectId: string,
  needs: ClientFor,
): Promise<ProjectClient> {
  const known = await findProjectOnGitHub(pools.writes, projectId);
  const { owner, repo, renamed } = known;
  const client = await access.client(known, needs);
  return { name: { owner, repo }, client, ...(renamed === undefined ? {} : { renamed }) };
}

export const withSignal = (signal: AbortSignal | undefined): { readonly request?: { readonly signal: AbortSignal } } =>
  signal === undefined ? {} : { request: { signal } };
