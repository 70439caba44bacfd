import { join } from 'node:path';
import { listRefs } from './objects.js';
import { requireObjectId } from './operands.js';
import { FORGE_REFS } from './refs.js';
import { type GitRemote, type Repository, reach } from './repository.js';

const WALK_TIMEOUT_MS = 30 * 60_000;

/** Whether all objects are there that a commit names, without those of `besides`. */
export const isWhole = (repo: Repository, commit: string, input: Walk & { readonly besides?: string } = {}) =>
  walks(repo, [requireObjectId(commit), ...(input.besides === undefined ? [] : [`^${input.besides}`])], [], input);

interface Walk {
  readonly signal?: AbortSignal | undefined;
}

/** Whether all objects are there that the refs name. */
export const areRefsWhole = (repo: Repository, { signal }: Walk = {}): Promise<boolean> =>
  walks(repo, [], ['--all'], { signal });

/** Refs whose commits, or something in them, are not there. One look at all of them first: mostly there is none. */
export async function listBrokenRefs(repo: Repository, walk: Walk = {}): Promise<ReadonlyMap<string, string>> {
  if (await areRefsWhole(repo, walk)) return new Map();
  const broken = new Map<string, string>();
  for (const [ref, sha] of await listRefs(repo, 'refs/', walk.signal))
    if (!(await isWhole(repo, sha, walk))) broken.set(ref, sha);
  return broken;
}

async function walks(
  { git, dir }: Repository,
  operands: readonly string[],
  options: readonly string[],
  { signal }: Walk,
): Promise<boolean> {
  const { exitCode } = await git.run({
    command: 'rev-list',
    gitDir: dir,
    options: ['--objects', '--quiet', ...options],
    operands,
    okExitCodes: [0, 1, 128],
    timeoutMs: WALK_TIMEOUT_MS,
    signal,
  });
  return exitCode === 0;
}

/**
 * Writes all objects of some commits into another repository on this disk, as one pack, whatever it has already. It
 * needs nothing from that one but the place, so that a damaged repository can get what it lost.
 */
export async function copyObjects(
  from: Repository,
  to: Repository,
  { commits, signal }: Walk & { readonly commits: readonly string[] },
): Promise<void> {
  if (commits.length === 0) return;
  await from.git.run({
    command: 'pack-objects',
    gitDir: from.dir,
    options: ['--revs', '--quiet'],
    operands: [join(to.dir, 'objects/pack/pack')],
    input: `${commits.map((sha) => requireObjectId(sha)).join('\n')}\n`,
    config: ['pack.threads=1', 'pack.windowMemory=64m'],
    timeoutMs: WALK_TIMEOUT_MS,
    signal,
  });
}

/** Every branch of the forge with all its objects, as if the mirror had none. Takes no turn: whoever holds it may ask. */
export async function fetchAllAnew(mirror: Repository, remote: GitRemote, signal?: AbortSignal): Promise<void> {
  await mirror.git.run({
    command: 'fetch',
    gitDir: mirror.dir,
    options: ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--refetch', '--prune'],
    operands: [remote.url, `+refs/heads/*:${FORGE_REFS}*`],
    ...(await reach(remote, 'read')),
    timeoutMs: WALK_TIMEOUT_MS,
    signal,
  });
}
