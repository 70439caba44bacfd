import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Merge {
  readonly commit: string;
  /** Of its pull request. */
  readonly number: number;
}

/** Checks of the sample repository, as its `millwright.yml` has them. */
const CHECKS = ['node --test', 'node scripts/lint.mjs'];

/** Merges of pull requests that a clone has, whichever branch they landed on first. */
export function mergesIn(repository: string): readonly Merge[] {
  const log = execFileSync('git', ['log', '--merges', '--format=%H %s', 'main'], { cwd: repository, encoding: 'utf8' });
  // A merge that took in the target branch has no number.
  return [...log.matchAll(/^([0-9a-f]+) .*\(#(\d+)\)$/gm)].map(([, commit = '', number]) => ({
    commit,
    number: Number(number),
  }));
}

/** Checks each merge out and runs the repository's checks there, without anything of Millwright; answers the red ones. */
export function redAmong(repository: string, merges: readonly Merge[]): readonly number[] {
  return merges.filter(({ commit }) => !isGreen(repository, commit)).map(({ number }) => number);
}

function isGreen(repository: string, commit: string): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'millwright-recheck-'));
  try {
    const archive = execFileSync('git', ['archive', '--format=tar', commit], { cwd: repository });
    execFileSync('tar', ['-x'], { cwd: directory, input: archive });
    return CHECKS.every((check) => spawnSync('sh', ['-c', check], { cwd: directory, stdio: 'ignore' }).status === 0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
