import { type Config, githubCredentials } from '../../infra/config.js';
import { GitHubAccess } from '../../infra/forge/github/access.js';
import { redeliverFailed } from '../../infra/forge/github/failed-deliveries.js';
import { GitHubForge } from '../../infra/forge/github/github-forge.js';
import type { Pools } from '../../infra/pg/pools.js';

export interface GitHub {
  readonly access: GitHubAccess;
  readonly forge: GitHubForge;
  readonly redeliverFailed: (signal: AbortSignal) => Promise<number>;
  /** Gives back the tokens of this process. */
  close(): Promise<void>;
}

/** Undefined where GitHub is not configured. */
export function openGitHub({ github }: Config, pools: Pools): GitHub | undefined {
  const identity = githubCredentials();
  if (identity === undefined) return undefined;
  const access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, pools);
  return {
    access,
    forge: new GitHubForge({ pools, access }),
    redeliverFailed: (signal) => redeliverFailed(access, signal),
    close: () => access.revokeAll(),
  };
}
