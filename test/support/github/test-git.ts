import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GitResult, tryGit } from './git/run.js';
import type { GitHub } from './start.js';

/** A clone of somebody with a token, over http, edited with plain git. */
export interface Clone {
  readonly directory: string;
  git(...args: readonly string[]): Promise<GitResult>;
  /** Answers the new head. */
  commit(files: Readonly<Record<string, string>>, message?: string): Promise<string>;
  remove(): void;
}

const NAMES = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

/** Git's way to name an address with a token, which is for tests only. */
export const addressWith = (github: GitHub, fullName: string, token: string): string =>
  `${github.url.replace('http://', `http://x-access-token:${token}@`)}/${fullName}.git`;

export async function cloneWith(github: GitHub, fullName: string, token: string): Promise<Clone> {
  const directory = mkdtempSync(join(tmpdir(), 'github-clone-'));
  const run = (...args: readonly string[]): Promise<GitResult> => tryGit(directory, args, { env: NAMES });
  const cloned = await run('clone', '-q', addressWith(github, fullName, token), '.');
  if (cloned.code !== 0) throw new Error(cloned.err);
  return {
    directory,
    git: run,
    commit: async (files, message = 'A change') => {
      for (const [path, content] of Object.entries(files)) writeFileSync(join(directory, path), content);
      await run('add', '-A');
      await run('commit', '-q', '--allow-empty', '-m', message);
      return (await run('rev-parse', 'HEAD')).out.trim();
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
