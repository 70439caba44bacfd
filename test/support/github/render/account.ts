import type { App, Installation, Permissions } from '../state/records.js';
import type { World } from '../world.js';
import { nodeIdOf } from './node-id.js';

export type Json = Readonly<Record<string, unknown>>;

export function renderUser({ state, urls }: World, login: string): Json {
  const account = state.account(login);
  const { id, type } = account ?? { id: 10_137, type: 'User' };
  const url = `${urls.api}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeIdOf('U', id),
    avatar_url: `${urls.web}/avatars/u/${id}`,
    gravatar_id: '',
    url,
    html_url: type === 'Bot' ? `${urls.web}/apps/${login.replace('[bot]', '')}` : `${urls.web}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  };
}

/** What `GET /user` and `GET /users/{username}` say. */
export const renderProfile = (world: World, login: string): Json => ({
  ...renderUser(world, login),
  name: login,
  company: null,
  blog: '',
  location: null,
  email: null,
  hireable: null,
  bio: null,
  public_repos: 0,
  public_gists: 0,
  followers: 0,
  following: 0,
  created_at: '2020-01-01T00:00:00Z',
  updated_at: '2020-01-01T00:00:00Z',
});

export const renderApp = (world: World, app: App): Json => ({
  id: app.id,
  slug: app.slug,
  node_id: nodeIdOf('A', app.id),
  owner: renderUser(world, app.ownerLogin),
  name: app.name,
  description: null,
  external_url: app.externalUrl,
  html_url: `${world.urls.web}/apps/${app.slug}`,
  created_at: app.createdAt,
  updated_at: app.createdAt,
  permissions: app.permissions,
  events: app.events,
});

export const renderAppOf = (world: World, slug: string | null): Json | null => {
  const app = slug === null ? undefined : world.state.app(slug);
  return app === undefined ? null : renderApp(world, app);
};

const permissionsOf = (permissions: Permissions): Permissions => ({ ...permissions, metadata: 'read' });

export function renderInstallation(world: World, installation: Installation): Json {
  const { state, urls } = world;
  const app = state.apps.find((one) => one.id === installation.appId);
  const account = state.account(installation.accountLogin);
  const url = `${urls.api}/app/installations/${installation.id}`;
  return {
    id: installation.id,
    account: renderUser(world, installation.accountLogin),
    repository_selection: installation.repositoryIds === undefined ? 'all' : 'selected',
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: `${urls.api}/installation/repositories`,
    html_url: `${urls.web}/settings/installations/${installation.id}`,
    app_id: installation.appId,
    app_slug: app?.slug ?? '',
    target_id: account?.id ?? 0,
    target_type: account?.type === 'Organization' ? 'Organization' : 'User',
    permissions: permissionsOf(installation.permissions),
    events: app?.events ?? [],
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    suspended_at: installation.suspendedAt,
    suspended_by: installation.suspendedAt === null ? null : renderUser(world, installation.accountLogin),
  };
}
