import { isOwnBranch } from '../../../domain/branch-names.js';
import { Failure } from '../../../domain/failures.js';
import type { RenamedBranch } from '../../git/branch-names.js';
import { findKnownBase, type KnownBase, saveBaseGone, saveBaseRenamed } from './base-branch.repository.js';
import { type GitHubDeps, openProject, type ProjectClient, withSignal } from './project-client.js';
import { unlessGone } from './unless.js';

/**
 * What the project's base is called now; undefined for any other branch, which nobody waits for. A rename is followed only
 * where it is proven: GitHub itself leads from the old name to the new one; or the base was the default branch, another is
 * now, and that one stands at the very commit where the base was seen last.
 * @throws InvalidState (`BASE_GONE`) otherwise
 */
export async function lookForBase(
  deps: GitHubDeps,
  projectId: string,
  branch: string,
  signal?: AbortSignal,
): Promise<RenamedBranch | undefined> {
  const { writes } = deps.pools;
  const base = await findKnownBase(writes, projectId);
  if (base?.here !== branch) return undefined;
  const at = await openProject(deps, projectId, { permissions: { contents: 'read' }, priority: 'state' });
  const found = (await readBranch(at, base.there, signal)) ?? (await newDefault(at, base, signal));
  if (found === undefined) {
    await saveBaseGone(writes, projectId);
    throw new Failure('InvalidState', goneText(`${at.name.owner}/${at.name.repo}`, base.there), {
      reason: 'BASE_GONE',
    });
  }
  const renamed = { here: branch, there: found.name };
  if (found.name !== base.there) await saveBaseRenamed(writes, projectId, renamed, found.proof);
  return renamed;
}

/**
 * GitHub moves open pull requests to the new name of a branch in the same moment, and we may read one before we have heard
 * of it. Undefined for a branch that is not the base of that project under any name.
 */
export async function lookForBaseOf(
  deps: GitHubDeps,
  projectId: string,
  pullBase: string,
  signal?: AbortSignal,
): Promise<RenamedBranch | undefined> {
  if (isOwnBranch(pullBase)) return undefined;
  const base = await findKnownBase(deps.pools.writes, projectId);
  if (base === undefined || pullBase === base.here) return undefined;
  const found = await lookForBase(deps, projectId, base.here, signal);
  return found?.there === pullBase ? found : undefined;
}

const goneText = (repository: string, branch: string): string =>
  `BASE_GONE: ${repository} has no branch ${branch} any more. Restore it there, or say what takes its place: millwright project set <project> --base <branch>`;

interface Found {
  readonly name: string;
  readonly sha: string;
  readonly proof: string;
}

/** A renamed branch is answered by a redirect to its new name, which the client follows. */
async function readBranch(
  { name, client }: ProjectClient,
  branch: string,
  signal?: AbortSignal,
): Promise<Found | undefined> {
  return await unlessGone(async () => {
    const { data } = await client.rest.repos.getBranch({ ...name, branch, ...withSignal(signal) });
    return { name: data.name, sha: data.commit.sha, proof: `GitHub leads from ${branch} to ${data.name}` };
  });
}

/** Made by hand: another branch was pushed and made the default one, and the old one deleted. */
async function newDefault(at: ProjectClient, base: KnownBase, signal?: AbortSignal): Promise<Found | undefined> {
  if (!base.isDefault) return undefined;
  const { data } = await at.client.rest.repos.get({ ...at.name, ...withSignal(signal) });
  if (data.default_branch === base.there) return undefined;
  const found = await readBranch(at, data.default_branch, signal);
  if (found === undefined || !base.tips.includes(found.sha)) return undefined;
  const proof = `${base.there} was the default branch and is gone; ${found.name} is now, at the same commit ${found.sha}`;
  return { ...found, proof };
}
