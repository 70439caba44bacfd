import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { composeCandidate } from '../infra/git/compose.js';
import { mergeTrees } from '../infra/git/merge.js';
import { testGit } from '../test/support/git/repositories.js';
import type { Bench, BenchOptions, Gate, Measured } from './comparison.js';
import { type LargeRepository, makeLargeRepository } from './support/repository.js';
import { type Arms, inTurns, lengthOf, type Measures, series, timeMs } from './support/rounds.js';
import { scratchInMemory } from './support/scratch.js';
import { median } from './support/statistics.js';

const execute = promisify(execFile);
const GATE: Gate = { wants: 'atMost', target: 0.05, floor: 0.2 };
const PERSON = { name: 'Ada', email: 'ada@example.org' };

/** M7: a merge in memory, in the bare mirror, against `git merge` and `git rebase` in a worktree that stands ready. */
export const mergeAttempt: Bench = {
  redWhen: 'merges in a checkout',
  run: async (options) => {
    const home = scratchInMemory();
    try {
      const rows: Measured[] = [];
      for (const files of options.isSmoke ? [10_000] : [10_000, 40_000])
        rows.push(...(await rowsFor(files, join(home.path, `${files}`), options)));
      const subject = `${(await execute('git', ['--version'])).stdout.trim()}, ${home.on}`;
      return { title: 'a merge of 20 files on each side, p50 of a round', subject, rows };
    } finally {
      home.remove();
    }
  },
};

const rowsFor = async (files: number, directory: string, options: BenchOptions): Promise<readonly Measured[]> => {
  const { isSmoke, seed } = options;
  const large = await makeLargeRepository({ git: testGit(), directory, files, seed });
  const calls = isSmoke ? 3 : 5;
  const target = await readyWorktree(large, join(directory, 'target'), large.next);
  const all: Arms = {
    merge: () => p50(calls, () => target.git('merge', '--quiet', '--no-edit', large.side), target.back),
    attempt: () => p50(2 * calls, () => mergeTrees(large.repository, large.next, large.side)),
  };
  const measured = await inTurns(
    isSmoke ? all : { ...all, ...(await slowArms(large, directory, calls)) },
    lengthOf(options, 9),
  );
  const row = (name: string, baseline: string, ours: string): Measured => ({
    name: `${name}, ${files.toLocaleString('en')} files`,
    unit: 'ms',
    baseline: series(measured, baseline, 'p50Ms'),
    ours: series(measured, ours, 'p50Ms'),
  });
  return [
    { ...row('attempt against `git merge`', 'merge', 'attempt'), gate: GATE },
    { ...row('attempt against `git rebase`', 'rebase', 'attempt'), gate: GATE },
    row('candidate, committed and guarded, against `git merge`', 'merge', 'compose'),
  ];
};

const slowArms = async (large: LargeRepository, directory: string, calls: number): Promise<Arms> => {
  const work = await readyWorktree(large, join(directory, 'work'), large.side);
  return {
    compose: () => p50(calls, () => compose(large)),
    rebase: () => p50(calls, () => work.git('rebase', '--quiet', large.next), work.back),
  };
};

const p50 = async (
  calls: number,
  call: () => Promise<unknown>,
  back: () => Promise<unknown> = async () => undefined,
): Promise<Measures> => {
  const took: number[] = [];
  for (let at = 0; at < calls; at++) {
    took.push(await timeMs(call));
    await back();
  }
  return { p50Ms: median(took) };
};

/** What the queue does for an entry: merge, commit, and the proof that nothing else came along. */
const compose = async ({ repository, next, side }: LargeRepository): Promise<void> => {
  const member = { entryId: 'entry', headSha: side, title: 'Work', prNumber: 1, author: PERSON };
  const composed = await composeCandidate(repository, { base: next, members: [member], committer: PERSON });
  if (composed.kind !== 'composed') throw new Error('the candidate was not composed');
};

/** What a good engineer would do: a worktree that stands where it is needed, brought back between two attempts, which is not counted. */
const readyWorktree = async ({ repository }: LargeRepository, directory: string, at: string) => {
  const identity = ['-c', `user.name=${PERSON.name}`, '-c', `user.email=${PERSON.email}`];
  const git = (...args: readonly string[]) => execute('git', ['-C', directory, ...identity, ...args]);
  await execute('git', ['-C', repository.dir, 'worktree', 'add', '--quiet', '--detach', directory, at]);
  return { git, back: () => git('reset', '--quiet', '--hard', at) };
};
