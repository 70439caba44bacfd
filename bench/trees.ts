import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deleteRef, setRef } from '../infra/git/checkpoint.js';
import { Trees } from '../infra/git/trees.js';
import { testGit } from '../test/support/git/repositories.js';
import type { Bench, Measured } from './comparison.js';
import { cpuSeconds } from './support/cpu.js';
import { type LargeRepository, makeLargeRepository } from './support/repository.js';
import { inTurns, lengthOf, type Measures, type Rounds, series, timeMs } from './support/rounds.js';
import { scratchInMemory } from './support/scratch.js';
import { median } from './support/statistics.js';

const execute = promisify(execFile);
const FILES = 10_000;
const AT_ONCE = 8;
const GATE = { wants: 'atMost', target: 0.05, floor: 0.25 } as const;

/** A way to get a directory with the files of a commit, and a branch for it. */
interface Supply {
  /** What is done in the background before somebody asks. */
  prepare(): Promise<void>;
  take(name: string): Promise<unknown>;
  giveBack(name: string): Promise<unknown>;
}

/** M6: a task's tree from the pool, 20 files away from where it stands, against `git worktree add`. */
export const treeAcquire: Bench = {
  redWhen: 'drops the pool, or resets a tree when it is taken instead of when it is given back',
  run: async (options) => {
    const { isSmoke, seed } = options;
    const home = scratchInMemory();
    try {
      const git = testGit();
      const large = await makeLargeRepository({ git, directory: home.path, files: FILES, seed });
      const plain = worktrees(large, join(home.path, 'worktrees'));
      const pool = fromPool(large, new Trees({ git, root: join(home.path, 'trees') }));
      const noPool = fromPool(large, new Trees({ git, root: join(home.path, 'cold'), pooledPerProject: 0 }));
      const calls = isSmoke ? 1 : 3;
      const measured = await inTurns(
        {
          plain: () => alone(plain, calls),
          pool: () => alone(pool, calls),
          ...(isSmoke ? {} : { cold: () => alone(noPool, 1), plain8: () => atOnce(plain), pool8: () => atOnce(pool) }),
        },
        lengthOf(options, 9),
      );
      return {
        title: `a tree of ${FILES.toLocaleString('en')} files, 20 of them new, with its branch; p50 of a round`,
        subject: `${(await execute('git', ['--version'])).stdout.trim()}, ${home.on}`,
        rows: rowsOf(measured),
      };
    } finally {
      home.remove();
    }
  },
};

const rowsOf = (measured: Rounds): readonly Measured[] => {
  const row = (name: string, [baseline, ours]: readonly [string, string], measure = 'p50Ms'): Measured => ({
    name,
    unit: measure === 'p50Ms' ? 'ms' : 'CPU s',
    baseline: series(measured, baseline, measure),
    ours: series(measured, ours, measure),
  });
  return [
    { ...row('from the pool', ['plain', 'pool']), gate: GATE },
    { ...row(`from the pool, ${AT_ONCE} at once`, ['plain8', 'pool8']), gate: GATE },
    row('without a pool', ['plain', 'cold']),
    row('one tree taken, given back and cleaned', ['plain', 'pool'], 'cpuSecondsEach'),
  ];
};

const alone = async (supply: Supply, calls: number): Promise<Measures> => {
  const took: number[] = [];
  let usedSeconds = 0;
  for (let call = 0; call < calls; call++) {
    await supply.prepare();
    const before = cpuSeconds();
    took.push(await timeMs(() => supply.take('alone')));
    await supply.giveBack('alone');
    usedSeconds += cpuSeconds() - before;
  }
  return { p50Ms: median(took), cpuSecondsEach: usedSeconds / calls };
};

const atOnce = async (supply: Supply): Promise<Measures> => {
  await supply.prepare();
  const names = Array.from({ length: AT_ONCE }, (_, at) => `one-of-${at}`);
  const took = await Promise.all(names.map((name) => timeMs(() => supply.take(name))));
  // One after the other: two that `git worktree` prunes at once trip over each other.
  for (const name of names) await supply.giveBack(name);
  return { p50Ms: median(took) };
};

/**
 * What a good engineer would do: git's own worktrees, one directory and one branch for each task. Two made at once trip
 * over each other's half-written metadata, so a failed one is tried again.
 */
const worktrees = ({ repository, next }: LargeRepository, directory: string): Supply => {
  const git = (...args: readonly string[]) => execute('git', ['-C', repository.dir, ...args]);
  return {
    prepare: async () => undefined,
    take: async (name) => {
      const add = ['worktree', 'add', '--quiet', '--no-track', '-B', name, join(directory, name), next];
      for (let attempt = 1; ; attempt++) {
        try {
          return await git(...add);
        } catch (error) {
          if (attempt === 5) throw error;
        }
      }
    },
    giveBack: async (name) => {
      await git('worktree', 'remove', '--force', join(directory, name));
      await git('branch', '--quiet', '-D', name);
    },
  };
};

const fromPool = ({ repository, base, next }: LargeRepository, trees: Trees): Supply => {
  const projectId = 'bench';
  const branch = (name: string): string => `refs/heads/millwright/${name}`;
  return {
    prepare: () => trees.refreshPool(repository, { projectId, sha: base }),
    take: async (name) => {
      const tree = { repository, treeId: name, projectId, ownerId: name, mode: 'write', baseSha: next } as const;
      await Promise.all([trees.acquire(tree), setRef(repository, branch(name), next)]);
    },
    giveBack: async (name) => {
      await trees.release(name, { ownerId: name, repository });
      await trees.settle();
      await deleteRef(repository, branch(name));
    },
  };
};
