import { type Config, linearCredentials } from '../../infra/config.js';
import { limitedClient } from '../../infra/forge/linear/client.js';
import { LinearIssues } from '../../infra/forge/linear/linear-issues.js';
import { LinearTeams } from '../../infra/forge/linear/teams.js';
import type { Pools } from '../../infra/pg/pools.js';

/** Undefined where Linear is not configured. */
export function openLinear({ linear }: Config, pools: Pools): LinearIssues | undefined {
  const identity = linearCredentials();
  if (identity === undefined) return undefined;
  const client = limitedClient({ apiUrl: linear.apiUrl, identity }, pools);
  return new LinearIssues(client, new LinearTeams(pools, client));
}
