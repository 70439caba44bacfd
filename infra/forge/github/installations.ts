import type { Octokit } from '@octokit/rest';
import { type MissingPermission, missingPermissions } from './app-manifest.js';
import { directClient } from './direct-client.js';

const PAGE = 100;

export interface RateLeft {
  readonly remaining: number;
  readonly limit: number;
  readonly resetAt: string;
}

export interface InstallationView {
  readonly id: number;
  /** Organisation or person. */
  readonly account: string;
  /** Its settings page. */
  readonly url: string;
  readonly isSuspended: boolean;
  readonly missing: readonly MissingPermission[];
  /** The first hundred, as `owner/name`. */
  readonly repositories: readonly string[];
  readonly repositoryCount: number;
  /** Unknown while it is suspended. */
  readonly rate: RateLeft | undefined;
}

type Listed = Awaited<ReturnType<Octokit['rest']['apps']['listInstallations']>>['data'][number];

/** The first hundred, each with what it reaches. @param app a client that speaks as the App */
export async function readInstallations(app: Octokit, apiUrl: string): Promise<readonly InstallationView[]> {
  const { data } = await app.rest.apps.listInstallations({ per_page: PAGE });
  const views: InstallationView[] = [];
  for (const one of data) views.push(await viewOf(app, apiUrl, one));
  return views;
}

async function viewOf(app: Octokit, apiUrl: string, one: Listed): Promise<InstallationView> {
  const { account } = one;
  const view = {
    id: one.id,
    // An enterprise has no login.
    account: account?.login ?? account?.slug ?? '',
    url: one.html_url,
    isSuspended: one.suspended_at !== null,
    missing: missingPermissions(one.permissions),
    repositories: [],
    repositoryCount: 0,
    rate: undefined,
  };
  if (view.isSuspended) return view;
  const { data: issued } = await app.rest.apps.createInstallationAccessToken({
    installation_id: one.id,
    permissions: { metadata: 'read' },
  });
  const client = directClient({ apiUrl, authorise: async () => `token ${issued.token}` });
  try {
    const { data } = await client.rest.apps.listReposAccessibleToInstallation({ per_page: PAGE });
    const repositories = data.repositories.map(({ full_name }) => full_name);
    return { ...view, repositories, repositoryCount: data.total_count, rate: await readRate(client) };
  } finally {
    // It would be good for an hour, and nobody needs it any more.
    await client.rest.apps.revokeInstallationAccessToken().catch(() => undefined);
  }
}

/** Asking costs nothing. */
export async function readRate(client: Octokit): Promise<RateLeft> {
  const { core } = (await client.rest.rateLimit.get()).data.resources;
  return { remaining: core.remaining, limit: core.limit, resetAt: new Date(core.reset * 1000).toISOString() };
}
