import type { Repository } from './repository.js';

/** Below this packing costs more than it saves; git's own default for `gc --auto`. */
const LOOSE_OBJECTS = 6_700;
const PACKS = 50;

/**
 * Packs a repository that has collected many loose objects. What no ref reaches stays for two weeks: candidates
 * are not referenced until they land. Safe beside other gits. Answers whether it did.
 */
export async function packRepository(repo: Repository, signal?: AbortSignal): Promise<boolean> {
  const { stdout } = await repo.git.run({ command: 'count-objects', gitDir: repo.dir, options: ['-v'], signal });
  const count = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(stdout.toString('utf8'))?.[1] ?? 0);
  if (count('count') < LOOSE_OBJECTS && count('packs') < PACKS) return false;
  await repo.git.run({
    command: 'gc',
    gitDir: repo.dir,
    options: ['--quiet', '--prune=2.weeks.ago'],
    // One thread and little memory: agents and checks go first.
    config: ['pack.threads=1', 'pack.windowMemory=64m'],
    timeoutMs: 30 * 60_000,
    signal,
  });
  return true;
}
