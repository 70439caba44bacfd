import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SAMPLE = join(import.meta.dirname, 'sample');

const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync(
    'git',
    ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgSign=false', ...args],
    {
      cwd,
      encoding: 'utf8',
    },
  );

/** A real repository with its own tests, as a person would have it: the demo's sample input. */
export function createSampleRepository(parent: string): string {
  const path = join(parent, 'invoice');
  mkdirSync(path);
  cpSync(SAMPLE, path, { recursive: true });
  git(path, 'init', '--quiet', '--initial-branch=main');
  git(path, 'add', '--all');
  git(path, 'commit', '--quiet', '--message', 'Invoice lines, subtotal and plain text');
  return path;
}

/** Fetches what landed, as the `git pull` line of `project show` does, and draws it. */
export async function pullAndDraw(repository: string, pullCommand: string): Promise<string> {
  // Not in this thread: it may be the one that serves the repository.
  await promisify(execFile)('sh', ['-c', `${pullCommand} --quiet`], { cwd: repository });
  return git(repository, 'log', '--graph', '--format=%h %s', '-40').trimEnd();
}
