import type { LinearClient } from './client.js';
import { query } from './document.js';
import type { TeamNode } from './nodes.js';

/** What a key opens, for people who set it up. */
export interface LinearAccount {
  readonly name: string;
  readonly isApp: boolean;
  readonly workspace: string;
  readonly teams: readonly Pick<TeamNode, 'key' | 'name'>[];
}

export const ACCOUNT = query<
  {
    readonly viewer: {
      readonly displayName: string;
      readonly app: boolean;
      readonly organization: { readonly name: string };
    };
    readonly teams: { readonly nodes: readonly Pick<TeamNode, 'key' | 'name'>[] };
  },
  Record<never, never>
>(
  `query Account {
    viewer { displayName app organization { name } }
    teams(first: 250) { nodes { key name } }
  }`,
);

export async function readLinearAccount(client: LinearClient, signal?: AbortSignal): Promise<LinearAccount> {
  const { viewer, teams } = await client.ask(ACCOUNT, {}, { priority: 'state', signal });
  return { name: viewer.displayName, isApp: viewer.app, workspace: viewer.organization.name, teams: teams.nodes };
}
