import { readFileAt } from './blobs.js';
import { listTree, type TreeEntry } from './objects.js';
import type { Repository } from './repository.js';

export interface RepositoryFacts {
  /** Every file at the tip, for proposals and configuration. */
  readonly files: readonly TreeEntry[];
  /** Reasons why Millwright cannot work on it, one sentence each. */
  readonly refusals: readonly string[];
  /** What works but a person should know. */
  readonly warnings: readonly string[];
}

const LISTED = 5;
const MAX_FILES = 300_000;

/** What the commit holds that a working tree, a snapshot or a checks run could not reproduce faithfully. */
export async function inspectCommit(repo: Repository, sha: string, signal?: AbortSignal): Promise<RepositoryFacts> {
  const files = await listTree(repo, sha, signal);
  const submodules = files.filter(({ mode }) => mode === '160000').map(({ path }) => path);
  const colliding = caseCollisions(files);
  const refusals: string[] = [];
  const warnings: string[] = [];
  if (submodules.length > 0) refusals.push(`submodules are not supported: ${some(submodules)}`);
  const long = files.map(({ path }) => path).filter(isTooLong);
  if (long.length > 0) refusals.push(`names longer than a file system takes: ${some(long.map(shortened))}`);
  if (files.length > MAX_FILES) refusals.push(`more than ${MAX_FILES} files`);
  if (files.length === 0) warnings.push('the branch holds no files');
  if (colliding.length > 0) warnings.push(`names that differ only by case: ${some(colliding)}`);
  if (await usesLargeFiles(repo, sha, signal)) warnings.push('Git LFS files stay pointers in working trees');
  return { files, refusals, warnings };
}

/** Of one part, and of the whole below the directory of a tree: what Linux takes, less room for that directory. */
const PART_BYTES = 255;
const PATH_BYTES = 3_800;
const SHOWN_CHARS = 60;

const isTooLong = (path: string): boolean =>
  Buffer.byteLength(path) > PATH_BYTES || path.split('/').some((part) => Buffer.byteLength(part) > PART_BYTES);

const shortened = (path: string): string =>
  path.length > SHOWN_CHARS ? `${path.slice(0, SHOWN_CHARS)}… (${path.length} characters)` : path;

const some = (paths: readonly string[]): string =>
  paths.length > LISTED ? `${paths.slice(0, LISTED).join(', ')} and ${paths.length - LISTED} more` : paths.join(', ');

function caseCollisions(files: readonly TreeEntry[]): readonly string[] {
  const seen = new Map<string, string>();
  return files.flatMap(({ path }) => {
    const key = path.toLowerCase();
    const before = seen.get(key);
    seen.set(key, path);
    return before === undefined ? [] : [path];
  });
}

async function usesLargeFiles(repo: Repository, sha: string, signal?: AbortSignal): Promise<boolean> {
  const attributes = await readFileAt(repo, { at: sha, path: '.gitattributes', signal });
  return /\bfilter=lfs\b/.test(attributes?.toString('utf8') ?? '');
}
