import { changedPaths, mergeBaseOf } from './objects.js';
import { pathText, type Repository, splitNul } from './repository.js';

export interface FootprintInput {
  readonly base: string;
  /** Commit or tree. */
  readonly candidate: string;
  readonly heads: readonly string[];
}

/**
 * Files that the candidate changes against the base although no head changed them, followed through renames
 * on the base. Empty means the candidate lands its members' work and nothing else.
 */
export async function whyNotWithin(
  repo: Repository,
  input: FootprintInput,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const [changed, ...owned] = await Promise.all([
    changedPaths(repo, input.base, input.candidate, signal),
    ...input.heads.map((head) => ownPaths(repo, input.base, head, signal)),
  ]);
  const own = new Set(owned.flat());
  return changed.filter((path) => !own.has(path)).map(pathText);
}

/** What a head changed since it left the base, and where the base has moved those files to since. */
async function ownPaths(
  repo: Repository,
  base: string,
  head: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const fork = await mergeBaseOf(repo, base, head, signal);
  if (fork === undefined) return [];
  const [own, moved] = await Promise.all([changedPaths(repo, fork, head, signal), renames(repo, fork, base, signal)]);
  return own.flatMap((path) => {
    const now = moved.get(path);
    return now === undefined ? [path] : [path, now];
  });
}

async function renames(
  repo: Repository,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (from === to) return new Map();
  const { stdout } = await repo.git.run({
    command: 'diff-tree',
    gitDir: repo.dir,
    options: ['-r', '-z', '-M', '--diff-filter=R', '--name-status', '--no-ext-diff', '--no-textconv'],
    operands: [from, to],
    config: ['diff.renameLimit=5000'],
    signal,
  });
  const fields = splitNul(stdout);
  const moved = new Map<string, string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [before, after] = [fields[at + 1], fields[at + 2]];
    if (before !== undefined && after !== undefined) moved.set(before, after);
  }
  return moved;
}
