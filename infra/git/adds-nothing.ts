import { mergeTrees } from './merge.js';
import { isAncestor, treeOf } from './objects.js';
import type { Repository } from './repository.js';

/**
 * Whether `tip` holds all that `head` would bring: merged already, or a merge of it would change no file.
 * @throws NotFound when a commit is not here
 */
export async function addsNothing(
  mirror: Repository,
  tip: string,
  head: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if (await isAncestor(mirror, head, tip, signal)) return true;
  const merged = await mergeTrees(mirror, tip, head, signal);
  return merged.kind === 'clean' && merged.tree === (await treeOf(mirror, tip, signal));
}
