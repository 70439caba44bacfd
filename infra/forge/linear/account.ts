import { Failure } from '../../../domain/failures.js';
import type { LinearClient } from './client.js';
import { query } from './document.js';
import type { TeamNode } from './nodes.js';

/** What a key opens, for people who set it up. */
export interface LinearAccount {
  readonly name: string;
  readonly isApp: boolean;
  readonly workspace: string;
  readonly teams: readonly TeamNode[];
  /** Ids of the teams that have the label; null: all of them, as it is the workspace's. */
  readonly labelledTeams: readonly (string | null)[];
}

export const ACCOUNT = query<
  {
    readonly viewer: {
      readonly displayName: string;
      readonly app: boolean;
      readonly organization: { readonly name: string };
    };
    readonly teams: { readonly nodes: readonly TeamNode[] };
    readonly issueLabels: { readonly nodes: readonly { readonly team: { readonly id: string } | null }[] };
  },
  { readonly label: string }
>(
  `query Account($label: String!) {
    viewer { displayName app organization { name } }
    teams(first: 250) { nodes { id key name } }
    issueLabels(filter: { name: { eqIgnoreCase: $label } }, first: 250) { nodes { team { id } } }
  }`,
);

export async function readLinearAccount(
  client: LinearClient,
  label: string,
  signal?: AbortSignal,
): Promise<LinearAccount> {
  const { viewer, teams, issueLabels } = await client.ask(ACCOUNT, { label }, { priority: 'state', signal });
  return {
    name: viewer.displayName,
    isApp: viewer.app,
    workspace: viewer.organization.name,
    teams: teams.nodes,
    labelledTeams: issueLabels.nodes.map(({ team }) => team?.id ?? null),
  };
}

export interface LinearWebhook {
  /** Null for the one of an application, which has its address elsewhere. */
  readonly url: string | null;
  readonly enabled: boolean;
  readonly resourceTypes: readonly string[];
  readonly allPublicTeams: boolean;
  readonly team: { readonly id: string } | null;
}

export const WEBHOOKS = query<
  { readonly webhooks: { readonly nodes: readonly LinearWebhook[] } },
  Record<never, never>
>(
  `query Webhooks {
    webhooks(first: 250) { nodes { url enabled resourceTypes allPublicTeams team { id } } }
  }`,
);

/** Undefined where Linear does not show them: it does to admins of the workspace alone. */
export async function listLinearWebhooks(
  client: LinearClient,
  signal?: AbortSignal,
): Promise<readonly LinearWebhook[] | undefined> {
  try {
    const { webhooks } = await client.ask(WEBHOOKS, {}, { priority: 'state', signal });
    return webhooks.nodes;
  } catch (error) {
    // A revoked key, a limit or a question that Linear does not understand is no answer about webhooks.
    if (error instanceof Failure && error.details.reason === 'FORBIDDEN') return undefined;
    throw error;
  }
}
