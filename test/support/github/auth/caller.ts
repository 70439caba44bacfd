import type { Caller } from '../http/call.js';
import { GitHubError } from '../http/errors.js';
import type { Token } from '../state/records.js';
import type { World } from '../world.js';
import { appOfJwt } from './jwt.js';
import { isLive } from './tokens.js';

const badCredentials = (): GitHubError => new GitHubError(401, 'Bad credentials');

export function callerOfToken(world: World, token: Token): Caller {
  if (token.installationId === null) return { kind: 'person', token };
  const installation = world.state.installations.find((one) => one.id === token.installationId);
  const app = world.state.apps.find((one) => one.id === installation?.appId);
  if (installation === undefined || app === undefined) throw badCredentials();
  if (installation.suspendedAt !== null) throw new GitHubError(403, 'This installation has been suspended');
  return { kind: 'installation', app, installation, token };
}

/** @throws GitHubError 401 for a token that never was, has expired or was revoked */
export function callerOf(world: World, authorization: string | undefined): Caller {
  if (authorization === undefined) return { kind: 'anonymous' };
  const [scheme = '', credential = ''] = authorization.split(' ');
  if (!['bearer', 'token', 'basic'].includes(scheme.toLowerCase())) throw badCredentials();
  const value =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(credential, 'base64').toString('utf8').split(':').slice(1).join(':')
      : credential;
  if (value.split('.').length === 3) {
    return { kind: 'app', app: appOfJwt(value, world.state.apps, world.clock.now()) };
  }
  const token = world.state.tokens.find((one) => one.value === value);
  if (token === undefined || !isLive(token, world.clock.now())) throw badCredentials();
  return callerOfToken(world, token);
}
