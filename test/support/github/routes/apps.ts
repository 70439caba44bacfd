import { permits, sees } from '../auth/access.js';
import { issueInstallationToken } from '../auth/tokens.js';
import { type Answer, type Call, noContent, ok } from '../http/call.js';
import { GitHubError, notAccessible, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { asAnyone, asApp, type Route } from '../http/route.js';
import { renderApp, renderInstallation } from '../render/account.js';
import { renderRepository } from '../render/repository.js';
import type { App, Installation, Permissions, Repository } from '../state/records.js';
import type { World } from '../world.js';

export function appOf({ caller }: Call): App {
  if (caller.kind !== 'app') throw new GitHubError(401, 'A JSON web token could not be decoded');
  return caller.app;
}

function installationOf(call: Call): Installation {
  const app = appOf(call);
  const id = Number(call.params.installation_id);
  const found = call.world.state.installations.find((one) => one.id === id && one.appId === app.id);
  if (found === undefined) throw notFound();
  return found;
}

const reachedBy = ({ state }: World, installation: Installation): readonly Repository[] =>
  state.repositories.filter((one) => state.installationOn(one, installation.appId)?.id === installation.id);

const tooMuch = (): GitHubError =>
  new GitHubError(422, 'The permissions requested are not granted to this installation.');

interface TokenBody {
  readonly repositories?: readonly string[];
  readonly repository_ids?: readonly number[];
  readonly permissions?: Permissions;
}

/** Never more than the installation has: neither repositories nor permissions. */
function createToken(call: Call): Answer {
  const installation = installationOf(call);
  if (installation.suspendedAt !== null) throw new GitHubError(403, 'This installation has been suspended');
  const asked = call.body as TokenBody;
  const reached = reachedBy(call.world, installation);
  const isNamed = asked.repositories !== undefined || asked.repository_ids !== undefined;
  const chosen = reached.filter(
    (one) =>
      asked.repositories?.some((name) => name.toLowerCase() === one.name.toLowerCase()) ||
      asked.repository_ids?.includes(one.id),
  );
  const wanted = (asked.repositories?.length ?? 0) + (asked.repository_ids?.length ?? 0);
  if (isNamed && chosen.length < wanted) {
    throw new GitHubError(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  }
  const permissions = asked.permissions ?? installation.permissions;
  for (const [name, access] of Object.entries(permissions)) {
    if (name !== 'metadata' && !permits(installation.permissions, `${name}:${access}`)) throw tooMuch();
  }
  const token = issueInstallationToken(call.world, installation, {
    permissions,
    repositoryIds: isNamed ? chosen.map((one) => one.id) : null,
  });
  return ok(
    {
      token: token.value,
      expires_at: call.world.clock.at(token.expiresAtMs ?? 0),
      permissions: token.permissions,
      repository_selection: isNamed || installation.repositoryIds !== undefined ? 'selected' : 'all',
      ...(isNamed ? { repositories: chosen.map((one) => renderRepository(call.world, one)) } : {}),
    },
    201,
  );
}

export const appRoutes: readonly Route[] = [
  asApp('GET /app', (call) =>
    ok({
      ...renderApp(call.world, appOf(call)),
      installations_count: call.world.state.installations.filter((one) => one.appId === appOf(call).id).length,
    }),
  ),
  asApp('GET /app/installations', (call) => {
    const mine = call.world.state.installations.filter((one) => one.appId === appOf(call).id);
    return page(call, mine, (one) => {
      const shown = renderInstallation(call.world, one);
      // The document asks for the fields of a person and of an enterprise at once, here only.
      const both = { name: one.accountLogin, slug: one.accountLogin, created_at: null, updated_at: null };
      return { ...shown, account: { ...(shown.account as object), ...both } };
    });
  }),
  asApp('GET /app/installations/{installation_id}', (call) => ok(renderInstallation(call.world, installationOf(call)))),
  asApp('GET /repos/{owner}/{repo}/installation', (call) => {
    const repository = call.world.state.repository(call.params.owner ?? '', call.params.repo ?? '');
    const installation = repository && call.world.state.installationOn(repository, appOf(call).id);
    if (installation === undefined) throw notFound();
    return ok(renderInstallation(call.world, installation));
  }),
  asApp('POST /app/installations/{installation_id}/access_tokens', createToken),
  asAnyone('DELETE /installation/token', (call) => {
    if (call.caller.kind !== 'installation') throw notAccessible();
    call.caller.token.revokedAtMs = call.world.clock.now();
    return noContent;
  }),
  asAnyone('GET /installation/repositories', (call) => {
    const { caller } = call;
    if (caller.kind !== 'installation') throw notAccessible();
    return page(
      call,
      reachedBy(call.world, caller.installation).filter((one) => sees(caller, one)),
      (one) => renderRepository(call.world, one),
      (repositories, total_count) => ({ total_count, repositories, repository_selection: 'all' }),
    );
  }),
  asAnyone('GET /apps/{app_slug}', (call) => {
    const app = call.world.state.app(call.params.app_slug ?? '');
    if (app === undefined) throw notFound();
    return ok(renderApp(call.world, app));
  }),
];
