import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { withSignal } from './project-client.js';
import type { KnownRepository } from './settings.js';
import { unlessGone } from './unless.js';

type Repository = RestEndpointMethodTypes['repos']['get']['response']['data'];

/**
 * The repository that a project has been at since it was first seen. GitHub leads from a former name to the new one, unless
 * another repository has that name by now; then its number finds it.
 * @throws NotFound when it is gone, or not for our eyes
 */
export async function findRepository(
  client: Octokit,
  { owner, repo, repositoryId }: KnownRepository,
  signal?: AbortSignal,
): Promise<Repository> {
  const read = async (): Promise<Repository> =>
    (await client.rest.repos.get({ owner, repo, ...withSignal(signal) })).data;
  if (typeof repositoryId !== 'number') return await read();
  const found = await unlessGone(read);
  if (found?.id === repositoryId) return found;
  return (await client.request('GET /repositories/{id}', { id: repositoryId, ...withSignal(signal) })).data;
}
