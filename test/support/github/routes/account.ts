import { permits } from '../auth/access.js';
import { type Call, ok } from '../http/call.js';
import { GitHubError, notAccessible, notFound } from '../http/errors.js';
import { asAnyone, type Route } from '../http/route.js';
import { renderProfile } from '../render/account.js';

function checkMaySeeMembers({ caller }: Call): void {
  if (caller.kind === 'anonymous') throw new GitHubError(401, 'Requires authentication');
  if (caller.kind === 'installation' && !permits(caller.token.permissions ?? {}, 'members:read')) throw notAccessible();
}

export const accountRoutes: readonly Route[] = [
  asAnyone('GET /user', (call) => {
    if (call.caller.kind === 'anonymous') throw new GitHubError(401, 'Requires authentication');
    if (call.caller.kind !== 'person') throw notAccessible();
    return ok(renderProfile(call.world, call.caller.token.login));
  }),
  asAnyone('GET /meta', () => ok({ verifiable_password_authentication: false })),
  asAnyone('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', (call) => {
    checkMaySeeMembers(call);
    const { org, team_slug, username = '' } = call.params;
    if (!call.world.state.teams.get(`${org}/${team_slug}`)?.includes(username)) throw notFound();
    return ok({ url: String(call.url), role: 'member', state: 'active' });
  }),
];
