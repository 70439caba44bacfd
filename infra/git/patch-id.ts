import { mergeBaseOf } from './objects.js';
import { lineOf, type Repository } from './repository.js';

const MAX_PATCH_BYTES = 256 * 1024 * 1024;

/**
 * Names the change of `head` against where it left `base`: equal after a rebase, different for white space,
 * mode, binary content and symlinks (`--stable` would ignore white space). Empty for no change.
 */
export async function patchId(repo: Repository, base: string, head: string, signal?: AbortSignal): Promise<string> {
  const fork = (await mergeBaseOf(repo, base, head, signal)) ?? base;
  const { stdout: patch } = await repo.git.run({
    command: 'diff-tree',
    gitDir: repo.dir,
    options: ['-p', '--full-index', '--binary', '--no-renames', '--no-ext-diff', '--no-textconv'],
    operands: [fork, head],
    maxOutputBytes: MAX_PATCH_BYTES,
    signal,
  });
  const { stdout } = await repo.git.run({
    command: 'patch-id',
    gitDir: repo.dir,
    options: ['--verbatim'],
    input: patch,
    signal,
  });
  return lineOf(stdout).split(' ')[0] ?? '';
}
