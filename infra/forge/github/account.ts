import type { GithubCredentials } from '../../config/github.js';
import { clientOf } from './direct-client.js';
import { type InstallationView, type RateLeft, readInstallations, readRate } from './installations.js';
import { readWebhook, type WebhookView } from './webhook-view.js';

/** Who we are at GitHub and what we may there. Holds no secret. */
export type GitHubAccount = TokenAccount | AppAccount;

export interface TokenAccount {
  readonly kind: 'token';
  readonly login: string;
  /** Undefined for a fine-grained token, whose rights GitHub does not tell. */
  readonly scopes: readonly string[] | undefined;
  readonly rate: RateLeft;
}

export interface AppAccount {
  readonly kind: 'app';
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly url: string;
  readonly permissions: Readonly<Record<string, string | undefined>>;
  readonly events: readonly string[];
  readonly installations: readonly InstallationView[];
  /** Undefined: it has none. */
  readonly webhook: WebhookView | undefined;
}

/** @throws Failure as GitHub refuses */
export async function readAccount(
  credentials: GithubCredentials,
  { apiUrl, onClock }: { readonly apiUrl: string; readonly onClock?: (aheadMs: number) => void },
): Promise<GitHubAccount> {
  const client = clientOf(credentials, { apiUrl, ...(onClock ? { onClock } : {}) });
  if (credentials.kind === 'token') {
    const { data, headers } = await client.rest.users.getAuthenticated();
    const scopes = headers['x-oauth-scopes'];
    const words = scopes === undefined ? undefined : scopes.split(',').map((scope) => scope.trim());
    return { kind: 'token', login: data.login, scopes: words?.filter(Boolean), rate: await readRate(client) };
  }
  const { data } = await client.rest.apps.getAuthenticated();
  return {
    kind: 'app',
    id: credentials.appId,
    slug: data?.slug ?? '',
    name: data?.name ?? '',
    url: data?.html_url ?? '',
    permissions: { ...data?.permissions },
    events: data?.events ?? [],
    installations: await readInstallations(client, apiUrl),
    webhook: await readWebhook(client),
  };
}
