import type { Caller } from '../http/call.js';
import { GitHubError, notAccessible, notFound } from '../http/errors.js';
import type { Need } from '../http/route.js';
import type { Permissions, Repository, Role } from '../state/records.js';

const ROLES: readonly Role[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];
const LEVELS = ['read', 'write', 'admin'];

export const isAtLeast = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);

export const roleOf = (repository: Repository, login: string): Role =>
  repository.owner.toLowerCase() === login.toLowerCase()
    ? 'admin'
    : (repository.roles[login] ?? (repository.isPrivate ? 'none' : 'read'));

export function permits(permissions: Permissions, need: Need): boolean {
  const [name = '', access = ''] = need.split(':');
  const given = permissions[name];
  return given !== undefined && LEVELS.indexOf(given) >= LEVELS.indexOf(access);
}

/** Whether the caller may know that it exists. */
export function sees(caller: Caller, repository: Repository): boolean {
  if (caller.kind === 'installation') {
    const { installation, token } = caller;
    return (
      installation.accountLogin.toLowerCase() === repository.owner.toLowerCase() &&
      (installation.repositoryIds?.includes(repository.id) ?? true) &&
      (token.repositoryIds?.includes(repository.id) ?? true)
    );
  }
  if (caller.kind === 'person') return roleOf(repository, caller.token.login) !== 'none';
  return !repository.isPrivate;
}

/** @throws GitHubError 404 for what the caller may not see, 403 for what its token does not cover */
export function checkAccess(
  caller: Caller,
  repository: Repository | undefined,
  { needs, role }: { readonly needs: readonly Need[]; readonly role: Role },
): asserts repository is Repository {
  if (repository === undefined || !sees(caller, repository)) throw notFound();
  const isWrite = !needs.some((need) => need.endsWith(':read'));
  if (caller.kind === 'installation') {
    // What the installation lost meanwhile, its older tokens lost too.
    const { token, installation } = caller;
    const isGiven = needs.some(
      (need) =>
        permits(token.permissions ?? {}, need) && (permits(installation.permissions, need) || need === 'metadata:read'),
    );
    if (!isGiven) throw notAccessible();
  } else if (caller.kind === 'person') {
    if (!isAtLeast(roleOf(repository, caller.token.login), role)) {
      throw isWrite ? new GitHubError(403, 'Must have admin rights to Repository.') : notFound();
    }
  } else if (isWrite) throw new GitHubError(401, 'Requires authentication');
  if (isWrite && repository.isArchived) {
    throw new GitHubError(403, 'Repository was archived so is read-only.');
  }
}
