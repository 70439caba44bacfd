import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createGit, type Git, type Mend } from '../../../infra/git/run.js';

/** The uid that owns trees when the tests run as root, as in production; undefined for an ordinary user. */
export const TREE_OWNER = process.getuid?.() === 0 ? { uid: 64_321, gid: 64_321 } : undefined;

export const testGit = (mend?: Mend): Git =>
  createGit({
    environment: process.env,
    ...(TREE_OWNER === undefined ? {} : { treeOwner: TREE_OWNER }),
    ...(mend === undefined ? {} : { mend }),
  });

/** A temporary directory that the owner of trees can traverse. */
export function temporaryHome(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'millwright-git-'));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A person's own repository, edited with plain git as they would. */
export interface SourceRepository {
  readonly dir: string;
  git(...args: string[]): string;
  write(files: Readonly<Record<string, string>>): void;
  /** Writes the files, removes those given as null, commits all and answers the sha. */
  commit(message: string, files?: Readonly<Record<string, string | null>>): string;
  /** A commit on top of `at`, without leaving the branch it is on. */
  commitOn(at: string, message: string, files: Readonly<Record<string, string | null>>): string;
}

export function sourceRepository(dir: string): SourceRepository {
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]): string => {
    const done = spawnSync('git', ['-C', dir, ...args], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.org',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.org',
      },
    });
    if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`);
    return done.stdout.trimEnd();
  };
  git('init', '-q', '-b', 'main', '.');
  const write = (files: Readonly<Record<string, string | null>>): void => {
    for (const [name, content] of Object.entries(files)) {
      const path = join(dir, name);
      if (content === null) rmSync(path, { recursive: true, force: true });
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
    }
  };
  const commit = (message: string, files: Readonly<Record<string, string | null>> = {}): string => {
    write(files);
    git('add', '-A');
    git('commit', '-q', '--allow-empty', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  const commitOn = (at: string, message: string, files: Readonly<Record<string, string | null>>): string => {
    const back = git('rev-parse', '--abbrev-ref', 'HEAD');
    git('checkout', '-q', '--detach', at);
    const sha = commit(message, files);
    git('checkout', '-q', back);
    return sha;
  };
  return { dir, git, write, commit, commitOn };
}
