import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { fetchBranch, fetchRefs } from './mirror.js';
import { isAncestor, readRef } from './objects.js';
import { isObjectId } from './operands.js';
import { pushImport } from './push.js';
import { sourceRef, whyNotBranch } from './refs.js';
import { readTip } from './remote-refs.js';
import { type GitRemote, type Repository, reach } from './repository.js';
import { resolveLocalSource, type Source, uploadPackFor } from './source.js';

export interface ImportInput {
  readonly source: Source;
  readonly dataDirectory: string;
  /** Default: the branch that the source's HEAD names. */
  readonly branch?: string;
  /** The forge's repository. */
  readonly remote: GitRemote;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportOutcome {
  readonly branch: string;
  readonly tip: string;
  /** Whether the forge's branch was created or moved. */
  readonly moved: boolean;
}

interface Origin {
  readonly remote: GitRemote;
  readonly options: readonly string[];
}

/**
 * Brings the source's branch to the forge: creates it there or fast-forwards it, under a lease. Repeatable.
 * @throws Conflict `DIVERGED` when the forge has commits that the source lacks and the source moved as well;
 *   InvalidInput for an empty, shallow or SHA-256 repository, or one that borrows objects; NotFound
 */
export async function importSource(mirror: Repository, input: ImportInput): Promise<ImportOutcome> {
  const { signal, remote } = input;
  const origin = await originOf(input);
  const branch = input.branch ?? (await defaultBranch(mirror, origin, signal));
  const wanted = await fetchSource(mirror, origin, branch, signal);
  const before = await readTip(mirror, remote, branch, signal);
  if (before === wanted) {
    await fetchBranch(mirror, remote, branch, signal);
    return { branch, tip: wanted, moved: false };
  }
  if (before !== undefined) {
    await fetchBranch(mirror, remote, branch, signal);
    // The forge is ahead of a source that did not move: there is nothing to bring.
    if (await isAncestor(mirror, wanted, before, signal)) return { branch, tip: before, moved: false };
    if (!(await isAncestor(mirror, before, wanted, signal)))
      throw diverged(branch, remote, { forge: before, source: wanted });
  }
  await pushImport(mirror, remote, { branch, base: before, commit: wanted }, signal);
  await fetchBranch(mirror, remote, branch, signal);
  return { branch, tip: wanted, moved: true };
}

const diverged = (
  branch: string,
  remote: GitRemote,
  tips: { readonly forge: string; readonly source: string },
): Failure =>
  new Failure(
    'Conflict',
    `${branch} has diverged: run \`git pull --no-rebase ${remote.url} ${branch}\` in the source, then sync again`,
    { reason: 'DIVERGED', branch, ...tips },
  );

async function originOf({ source, dataDirectory }: ImportInput): Promise<Origin> {
  if (source.kind === 'https') return { remote: { url: source.url, transport: 'https' }, options: [] };
  const path = await resolveLocalSource(source.path, dataDirectory);
  if (await isShallow(path))
    throw new Failure('InvalidInput', 'the repository is shallow: run `git fetch --unshallow` in it first', {
      reason: 'SHALLOW_REPOSITORY',
    });
  if (await borrowsObjects(path))
    throw new Failure(
      'InvalidInput',
      'the repository borrows objects of another one: run `git repack -a -d` and remove objects/info/alternates in it first',
      { reason: 'BORROWED_OBJECTS' },
    );
  return { remote: { url: path, transport: 'file' }, options: ['--upload-pack', uploadPackFor(path)] };
}

/** A linked worktree keeps its marker in the main repository; there git itself refuses the shallow history. */
async function isShallow(path: string): Promise<boolean> {
  for (const directory of [path, join(path, '.git')]) {
    const found = await stat(join(directory, 'shallow')).catch(() => undefined);
    if (found !== undefined && found.size > 0) return true;
  }
  return false;
}

/** Whoever can write the source could otherwise name any repository that we can read. */
async function borrowsObjects(path: string): Promise<boolean> {
  for (const directory of [path, join(path, '.git')]) {
    const found = await stat(join(directory, 'objects/info/alternates')).catch(() => undefined);
    if (found !== undefined && found.size > 0) return true;
    const objects = await lstat(join(directory, 'objects')).catch(() => undefined);
    if (objects?.isSymbolicLink()) return true;
  }
  return false;
}

/** @throws InvalidInput for a repository without commits or whose HEAD names no branch */
async function defaultBranch(mirror: Repository, { remote, options }: Origin, signal?: AbortSignal): Promise<string> {
  const { stdout } = await mirror.git.run({
    command: 'ls-remote',
    gitDir: mirror.dir,
    options: ['--symref', '--quiet', ...options],
    operands: [remote.url, 'HEAD'],
    ...(await reach(remote, 'read')),
    signal,
  });
  const text = stdout.toString('utf8');
  const branch = /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(text)?.[1];
  if (branch === undefined || !text.split('\n').some((line) => isObjectId(line.split('\t')[0] ?? '')))
    throw new Failure('InvalidInput', 'the repository has no commit on its default branch', {
      reason: 'EMPTY_REPOSITORY',
    });
  const why = whyNotBranch(branch);
  if (why !== undefined) throw new Failure('InvalidInput', `the default branch cannot be used: ${why}`);
  return branch;
}

async function fetchSource(mirror: Repository, origin: Origin, branch: string, signal?: AbortSignal): Promise<string> {
  const ref = sourceRef(branch);
  await fetchRefs(mirror, { ...origin, refspecs: [`+refs/heads/${branch}:${ref}`], signal });
  const fetched = await readRef(mirror, ref, signal);
  if (fetched === undefined) throw new Failure('NotFound', `the source has no branch ${branch}`, { reason: 'REF' });
  return fetched;
}
