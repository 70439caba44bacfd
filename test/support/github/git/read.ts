import { git, tryGit } from './run.js';

export const ZERO_SHA = '0'.repeat(40);

export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

export interface Commit {
  readonly sha: string;
  readonly treeSha: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

export type Refs = ReadonlyMap<string, string>;

export async function readRefs(directory: string): Promise<Refs> {
  const out = await git(directory, ['for-each-ref', '--format=%(refname) %(objectname)']);
  return new Map(
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  );
}

/** The commit that a branch, tag or sha names. */
export async function resolveCommit(directory: string, name: string): Promise<string | undefined> {
  for (const candidate of [`refs/heads/${name}`, `refs/tags/${name}`, name]) {
    const { code, out } = await tryGit(directory, ['rev-parse', '-q', '--verify', `${candidate}^{commit}`]);
    if (code === 0) return out.trim();
  }
  return undefined;
}

const FORMAT = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');

const utc = (iso: string): string => `${new Date(iso).toISOString().slice(0, 19)}Z`;

function commitOf(record: string): Commit {
  const [sha = '', treeSha = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', message = ''] =
    record.split('\0');
  return {
    sha,
    treeSha,
    parents: parents.split(' ').filter(Boolean),
    author: { name: an, email: ae, date: utc(ad) },
    committer: { name: cn, email: ce, date: utc(cd) },
    message: message.trimEnd(),
  };
}

/** Commits of a range as `git log` takes it, newest first. */
export async function readCommits(directory: string, range: readonly string[]): Promise<readonly Commit[]> {
  const out = await git(directory, ['log', `--format=${FORMAT}%x01`, ...range, '--']);
  return out
    .split('\x01')
    .map((record) => record.trimStart())
    .filter(Boolean)
    .map(commitOf);
}

export async function readCommit(directory: string, sha: string): Promise<Commit> {
  const [commit] = await readCommits(directory, ['-1', sha]);
  if (commit === undefined) throw new Error(`No commit ${sha}`);
  return commit;
}

export const isAncestor = async (directory: string, ancestor: string, of: string): Promise<boolean> =>
  (await tryGit(directory, ['merge-base', '--is-ancestor', ancestor, of])).code === 0;

export interface ChangedFile {
  readonly path: string;
  readonly status: 'added' | 'removed' | 'modified';
  readonly additions: number;
  readonly deletions: number;
}

const STATUS = { A: 'added', D: 'removed' } as const;

/** Files that differ between two trees; `from` may be the empty tree. */
export async function changedFiles(directory: string, from: string, to: string): Promise<readonly ChangedFile[]> {
  const counts = await git(directory, ['diff-tree', '-r', '--no-renames', '--numstat', '-z', from, to]);
  const kinds = await git(directory, ['diff-tree', '-r', '--no-renames', '--name-status', '-z', from, to]);
  const words = kinds.split('\0').filter(Boolean);
  const statusOf = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) statusOf.set(words[at + 1] ?? '', words[at] ?? '');
  return counts
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const [additions = '0', deletions = '0', path = ''] = line.split('\t');
      const letter = statusOf.get(path) as keyof typeof STATUS;
      return {
        path,
        status: STATUS[letter] ?? 'modified',
        additions: Number(additions) || 0,
        deletions: Number(deletions) || 0,
      };
    });
}

export const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
