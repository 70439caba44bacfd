import { type Config, githubCredentials } from '../../infra/config.js';
import { GitHubAccess } from '../../infra/forge/github/access.js';
import { redeliverFailed } from '../../infra/forge/github/failed-deliveries.js';
import { GitHubChecks } from '../../infra/forge/github/github-checks.js';
import { GitHubForge } from '../../infra/forge/github/github-forge.js';
import { GitHubGateReports } from '../../infra/forge/github/github-gate-reports.js';
import { GitHubIssues } from '../../infra/forge/github/github-issues.js';
import type { Pools } from '../../infra/pg/pools.js';

export interface GitHub {
  readonly access: GitHubAccess;
  readonly forge: GitHubForge;
  readonly redeliverFailed: (signal: AbortSignal) => Promise<number>;
  readonly checks: GitHubChecks;
  readonly gates: GitHubGateReports;
  readonly issues: GitHubIssues;
  /** Gives back the tokens of this process. */
  close(): Promise<void>;
}

/** Undefined where GitHub is not configured. */
export function openGitHub({ github }: Config, pools: Pools): GitHub | undefined {
  const identity = githubCredentials();
  if (identity === undefined) return undefined;
  const access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, pools);
  const deps = { pools, access };
  return {
    access,
    forge: new GitHubForge(deps),
    checks: new GitHubChecks(deps),
    redeliverFailed: (signal) => redeliverFailed(access, signal),
    gates: new GitHubGateReports(deps),
    issues: new GitHubIssues({ ...deps, teams: github.teams }),
    close: () => access.revokeAll(),
  };
}
