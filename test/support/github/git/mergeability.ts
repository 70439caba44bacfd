import type { Repository } from '../state/records.js';
import type { PullRequest } from '../state/state.js';
import type { World } from '../world.js';
import { resolveCommit } from './read.js';
import { tryGit } from './run.js';
import { commitTree } from './write.js';

/** The tree of a merge without conflict. */
export async function mergedTree(directory: string, base: string, head: string): Promise<string | undefined> {
  const { code, out } = await tryGit(directory, ['merge-tree', '--write-tree', '--no-messages', base, head]);
  return code === 0 ? out.trim().split('\n')[0] : undefined;
}

/**
 * What is known of whether it can be merged. The first question about a new head or base only starts to compute it,
 * so that its answer is null, as GitHub's is.
 */
export async function askMergeability(
  world: World,
  repository: Repository,
  { pull, number, state }: PullRequest,
): Promise<void> {
  const { directory } = repository;
  const baseSha = await resolveCommit(directory, `refs/heads/${pull.baseRef}`);
  if (state !== 'open' || baseSha === undefined) return;
  const { headSha } = pull;
  const now = world.clock.now();
  const known = pull.mergeability;
  if (known === null || known.headSha !== headSha || known.baseSha !== baseSha) {
    pull.mergeability = { headSha, baseSha, askedAtMs: now, value: null };
    return;
  }
  if (known.value !== null || now < known.askedAtMs + world.timing.mergeableDelayMs) return;
  const tree = await mergedTree(directory, baseSha, headSha);
  const message = `Merge ${headSha} into ${baseSha}`;
  const commitSha =
    tree === undefined
      ? null
      : await commitTree(directory, { tree, parents: [baseSha, headSha], message, name: 'GitHub' });
  if (commitSha !== null) await tryGit(directory, ['update-ref', `refs/pull/${number}/merge`, commitSha]);
  known.value = { isMergeable: commitSha !== null, commitSha };
}
