import { Failure } from '../../domain/failures.js';
import { claimableSeconds } from './commit.js';
import { isObjectId, requireObjectId } from './operands.js';
import { lineOf, pathText, type Repository, splitNul } from './repository.js';

type Signal = AbortSignal | undefined;

/** The commit a full ref names, or undefined when there is none. */
export async function readRef(repo: Repository, ref: string, signal?: Signal): Promise<string | undefined> {
  const { stdout, exitCode } = await repo.git.run({
    command: 'rev-parse',
    gitDir: repo.dir,
    options: ['--verify', '--quiet'],
    operands: [`${ref}^{commit}`],
    okExitCodes: [0, 1],
    signal,
  });
  const sha = lineOf(stdout);
  return exitCode === 0 && isObjectId(sha) ? sha : undefined;
}

/** Refs below a prefix that ends in `/`, or the one ref of that name, with their commits. */
export async function listRefs(
  repo: Repository,
  prefix: string,
  signal?: Signal,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await repo.git.run({
    command: 'for-each-ref',
    gitDir: repo.dir,
    options: ['--format=%(objectname) %(refname)'],
    operands: [prefix],
    signal,
  });
  const lines = stdout.toString('utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
}

/** True when the object is here; a missing object is no error. */
export async function hasCommit(repo: Repository, sha: string, signal?: Signal): Promise<boolean> {
  const { exitCode } = await repo.git.run({
    command: 'cat-file',
    gitDir: repo.dir,
    options: ['-e'],
    operands: [`${requireObjectId(sha)}^{commit}`],
    okExitCodes: [0, 1, 128],
    signal,
  });
  return exitCode === 0;
}

/** The tree of a commit. @throws NotFound when the commit is not here */
export async function treeOf(repo: Repository, commit: string, signal?: Signal): Promise<string> {
  const { stdout } = await repo.git.run({
    command: 'rev-parse',
    gitDir: repo.dir,
    options: ['--verify'],
    operands: [`${requireObjectId(commit)}^{tree}`],
    signal,
  });
  return lineOf(stdout);
}

/** Trees of many commits by one git; a commit that is not here has none. */
export async function treesOf(
  repo: Repository,
  commits: readonly string[],
  signal?: Signal,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await repo.git.run({
    command: 'cat-file',
    gitDir: repo.dir,
    options: ['--batch-check=%(objectname) %(objecttype)'],
    input: commits.map((commit) => `${requireObjectId(commit)}^{tree}\n`).join(''),
    signal,
  });
  const answers = stdout.toString('utf8').split('\n');
  return new Map(
    commits.flatMap((commit, at) => {
      const [, tree] = /^([0-9a-f]{40}) tree$/.exec(answers[at] ?? '') ?? [];
      return tree === undefined ? [] : [[commit, tree] as const];
    }),
  );
}

/** @throws NotFound when one of them is not here */
export async function isAncestor(repo: Repository, ancestor: string, of: string, signal?: Signal): Promise<boolean> {
  const { exitCode } = await repo.git.run({
    command: 'merge-base',
    gitDir: repo.dir,
    options: ['--is-ancestor'],
    operands: [requireObjectId(ancestor), requireObjectId(of)],
    okExitCodes: [0, 1],
    signal,
  });
  return exitCode === 0;
}

/** Best common ancestor, or undefined for unrelated histories. */
export async function mergeBaseOf(
  repo: Repository,
  a: string,
  b: string,
  signal?: Signal,
): Promise<string | undefined> {
  const { stdout, exitCode } = await repo.git.run({
    command: 'merge-base',
    gitDir: repo.dir,
    operands: [requireObjectId(a), requireObjectId(b)],
    okExitCodes: [0, 1],
    signal,
  });
  return exitCode === 0 ? lineOf(stdout) : undefined;
}

/**
 * First parents from `tip` down to but without `base`, newest first; at most `limit` (default 10,000).
 * When `base` is not on the first-parent line the list goes on to its end.
 */
export async function firstParents(
  repo: Repository,
  { base, tip, limit = 10_000, signal }: { base: string; tip: string; limit?: number; signal?: Signal },
): Promise<readonly string[]> {
  const { stdout } = await repo.git.run({
    command: 'rev-list',
    gitDir: repo.dir,
    options: ['--first-parent', `--max-count=${limit}`],
    operands: [requireObjectId(tip), `^${requireObjectId(base)}`],
    signal,
  });
  return stdout.toString('utf8').split('\n').filter(Boolean);
}

export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  readonly committedAtSeconds: number;
  readonly message: string;
}

/** @throws NotFound when the commit is not here */
export async function readCommit(repo: Repository, sha: string, signal?: Signal): Promise<CommitFacts> {
  return factOf(await readCommits(repo, [sha], signal), sha);
}

/** @throws NotFound */
export function factOf(facts: ReadonlyMap<string, CommitFacts>, sha: string): CommitFacts {
  const found = facts.get(sha);
  if (found === undefined) throw new Failure('NotFound', `commit ${sha} is not here`);
  return found;
}

const FIELDS = ['%H', '%T', '%P', '%an', '%ae', '%ct', '%B'] as const;

/** The same for several by one git, by their ids. @throws NotFound when one of them is not here */
export async function readCommits(
  repo: Repository,
  shas: readonly string[],
  signal?: Signal,
): Promise<ReadonlyMap<string, CommitFacts>> {
  const { stdout } = await repo.git.run({
    command: 'log',
    gitDir: repo.dir,
    options: ['--no-walk=unsorted', '-z', '--no-show-signature', `--format=${FIELDS.join('%x00')}`],
    operands: shas.map((sha) => requireObjectId(sha)),
    signal,
  });
  const fields = stdout.toString('utf8').split('\0');
  const found = new Map<string, CommitFacts>();
  for (let at = 0; at + FIELDS.length <= fields.length; at += FIELDS.length) {
    const [sha = '', tree = '', parents = '', authorName = '', authorEmail = '', committedAt, message = ''] =
      fields.slice(at);
    found.set(sha, {
      sha,
      tree,
      parents: parents.split(' ').filter(Boolean),
      authorName,
      authorEmail,
      committedAtSeconds: claimableSeconds(Number(committedAt)),
      message: message.trimEnd(),
    });
  }
  return found;
}

export interface TreeEntry {
  /** Six octal digits: `100644`, `100755`, `120000` (symlink), `160000` (submodule). */
  readonly mode: string;
  readonly blob: string;
  readonly path: string;
}

/** Every file of a commit or tree, recursively, in git's byte order. Evidence keys are made of these. */
export async function listTree(repo: Repository, treeish: string, signal?: Signal): Promise<readonly TreeEntry[]> {
  const { stdout } = await repo.git.run({
    command: 'ls-tree',
    gitDir: repo.dir,
    options: ['-r', '-z', '--full-tree'],
    operands: [requireObjectId(treeish, 'tree')],
    maxOutputBytes: 256 * 1024 * 1024,
    signal,
  });
  return splitNul(stdout).map((line) => {
    const [mode = '', , blob = ''] = line.slice(0, line.indexOf('\t')).split(' ');
    return { mode, blob, path: pathText(line.slice(line.indexOf('\t') + 1)) };
  });
}

/** Files whose content, mode or presence differs, without rename detection, byte-exact names. */
export async function changedPaths(
  repo: Repository,
  from: string,
  to: string,
  signal?: Signal,
): Promise<readonly string[]> {
  const { stdout } = await repo.git.run({
    command: 'diff-tree',
    gitDir: repo.dir,
    options: ['-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none', '--no-ext-diff', '--no-textconv'],
    operands: [requireObjectId(from), requireObjectId(to)],
    signal,
  });
  return splitNul(stdout);
}
