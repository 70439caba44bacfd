import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { refThere } from './branch-names.js';
import { deleteRef } from './checkpoint.js';
import { brokenRef, failureReason } from './git-failures.js';
import { inTurn } from './in-turn.js';
import { readRef } from './objects.js';
import { branchRef, FORGE_REFS, forgeRef } from './refs.js';
import { requireTip } from './remote-refs.js';
import { type GitRemote, type Repository, reach } from './repository.js';
import type { Git } from './run.js';

const FETCH_TIMEOUT_MS = 30 * 60_000;
const FETCH_ATTEMPTS = 3;
/** A disk that lost objects breaks refs by the handful; each failed fetch names one. */
const BROKEN_REFS = 100;

/**
 * The whole configuration of a repository of ours. Files are readable to all whatever the umask, because the owner
 * of trees reads them; a home is closed above them. Leases guard the refs, so force and deletion are allowed.
 */
export const REPOSITORY_CONFIG = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tsharedRepository = 0644
\tlogAllRefUpdates = false
[receive]
\tdenyNonFastForwards = false
\tdenyDeletes = false
\tfsckObjects = false
\tautogc = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
`;

/**
 * A bare repository at `dir`, made under another name and renamed, so that a killed creation leaves nothing
 * half-made. Its objects are readable to the owner of trees, whatever the umask. Repeatable.
 */
export async function ensureBareRepository(git: Git, dir: string, signal?: AbortSignal): Promise<Repository> {
  if (await exists(join(dir, 'HEAD'))) return { git, dir };
  await mkdir(dirname(dir), { recursive: true, mode: 0o755 });
  const half = `${dir}.${process.pid}-${Date.now()}.making`;
  try {
    await git.run({
      command: 'init',
      gitDir: half,
      options: ['--bare', '--quiet', '--template=', '--shared=0644', '--object-format=sha1'],
      operands: [half],
      signal,
    });
    await writeFile(join(half, 'config'), REPOSITORY_CONFIG, { mode: 0o644 });
    await rename(half, dir);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Somebody else was first, which is as good.
    if (!(await exists(join(dir, 'HEAD')))) throw error;
  }
  return { git, dir };
}

/** The project's mirror, which must exist. @throws NotFound */
export async function openRepository(git: Git, dir: string): Promise<Repository> {
  if (!(await exists(join(dir, 'HEAD'))))
    throw new Failure('NotFound', 'the repository is not there', { reason: 'REPOSITORY' });
  return { git, dir };
}

export interface FetchInput {
  readonly remote: GitRemote;
  /** `+<remote ref>:<our ref>` each. */
  readonly refspecs: readonly string[];
  /** More options, such as `--upload-pack`. */
  readonly options?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fetches under the mirror's turn; a ref lock held by another process is waited for. A ref that names what is not there
 * would fail every fetch for ever, and goes: the forge has the branches, and a checkpoint without its commit is none.
 * @throws NotFound, Unavailable
 */
export async function fetchRefs(
  repo: Repository,
  { remote, refspecs, options = [], signal }: FetchInput,
): Promise<void> {
  await inTurn(repo.dir, async () => {
    let removed = 0;
    for (let attempt = 1; ; ) {
      try {
        await repo.git.run({
          command: 'fetch',
          gitDir: repo.dir,
          options: [
            '--quiet',
            '--no-tags',
            '--no-write-fetch-head',
            '--no-auto-maintenance',
            '--no-recurse-submodules',
            '--no-show-forced-updates',
            ...options,
          ],
          operands: [remote.url, ...refspecs],
          ...(await reach(remote, 'read')),
          timeoutMs: FETCH_TIMEOUT_MS,
          signal,
        });
        return;
      } catch (error) {
        const broken = brokenRef(error);
        if (broken !== undefined && removed < BROKEN_REFS) {
          await removeBrokenRef(repo, broken, signal);
          removed += 1;
          continue;
        }
        const contended = ['LOCKED', 'REF_MOVED'].includes(failureReason(error) ?? '');
        if (!contended || attempt === FETCH_ATTEMPTS) throw error;
        attempt += 1;
      }
    }
  });
}

/** Git removes a ref whose object is gone, and refuses one whose file holds no name at all: that is a file of ours. */
async function removeBrokenRef(repo: Repository, ref: string, signal?: AbortSignal): Promise<void> {
  try {
    await deleteRef(repo, ref, signal);
  } catch (error) {
    if (signal?.aborted || ref.split('/').includes('..')) throw error;
    await rm(join(repo.dir, ref), { force: true });
  }
}

/**
 * Brings a branch of the forge into the mirror and answers its commit. Reads the remote first: a branch that
 * the mirror has already costs no fetch.
 * @throws NotFound when the forge has no such branch
 */
export async function fetchBranch(
  repo: Repository,
  remote: GitRemote,
  branch: string,
  signal?: AbortSignal,
): Promise<string> {
  const tip = await requireTip(repo, remote, branch, signal);
  const ref = forgeRef(branch);
  if ((await readRef(repo, ref, signal)) === tip) return tip;
  await fetchRefs(repo, { remote, refspecs: [`+${refThere(remote, branchRef(branch))}:${ref}`], signal });
  const fetched = await readRef(repo, ref, signal);
  if (fetched === undefined) throw new Failure('Unavailable', `${branch} could not be fetched`, { reason: 'REF' });
  return fetched;
}

/** Every branch of the forge; what is gone there goes here. */
export async function fetchAllBranches(repo: Repository, remote: GitRemote, signal?: AbortSignal): Promise<void> {
  await fetchRefs(repo, {
    remote,
    options: ['--prune'],
    refspecs: [`+refs/heads/*:${FORGE_REFS}*`, ...renamedRefspecs(remote)],
    signal,
  });
}

/** A renamed branch comes under our name for it, and a later one that bears the old name does not. */
function renamedRefspecs({ names }: GitRemote): readonly string[] {
  const renamed = names?.current();
  if (renamed === undefined) return [];
  return [`^${branchRef(renamed.here)}`, `+${branchRef(renamed.there)}:${forgeRef(renamed.here)}`];
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};
