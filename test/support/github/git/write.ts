import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveCommit, ZERO_SHA } from './read.js';
import { git } from './run.js';

export interface NewCommit {
  readonly branch: string;
  /** Null removes a file. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message: string;
  /** Default: the branch's tip, or none when it does not exist yet. */
  readonly parent?: string;
  readonly authorName?: string;
}

const signatures = (name: string): Readonly<Record<string, string>> => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')}@example.org`,
  GIT_COMMITTER_NAME: name,
  GIT_COMMITTER_EMAIL: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')}@example.org`,
});

/** A commit made in the bare repository, and the branch moved to it, as somebody's push would. */
export async function writeCommit(directory: string, commit: NewCommit): Promise<string> {
  const { branch, files, message, authorName = 'Ada' } = commit;
  const tip = await resolveCommit(directory, `refs/heads/${branch}`);
  const parent = commit.parent ?? tip;
  const scratch = mkdtempSync(join(tmpdir(), 'github-index-'));
  const env = { ...signatures(authorName), GIT_INDEX_FILE: join(scratch, 'index') };
  try {
    if (parent !== undefined) await git(directory, ['read-tree', parent], { env });
    for (const [path, content] of Object.entries(files)) {
      if (content === null) {
        await git(directory, ['rm', '-q', '--cached', '--ignore-unmatch', '--', path], {
          env: { ...env, GIT_WORK_TREE: scratch },
        });
      } else {
        const blob = await git(directory, ['hash-object', '-w', '--stdin'], { input: content });
        await git(directory, ['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`], { env });
      }
    }
    const tree = await git(directory, ['write-tree'], { env });
    const parents = parent === undefined ? [] : ['-p', parent];
    const sha = await git(directory, ['commit-tree', tree, ...parents, '-m', message], { env });
    await git(directory, ['update-ref', `refs/heads/${branch}`, sha, tip ?? ZERO_SHA]);
    return sha;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A commit of a tree, in somebody's name. */
export const commitTree = (
  directory: string,
  commit: {
    readonly tree: string;
    readonly parents: readonly string[];
    readonly message: string;
    readonly name: string;
  },
): Promise<string> =>
  git(
    directory,
    ['commit-tree', commit.tree, ...commit.parents.flatMap((parent) => ['-p', parent]), '-m', commit.message],
    { env: signatures(commit.name) },
  );
