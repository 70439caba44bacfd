import { Failure } from '../../domain/failures.js';
import { writeAtomically } from '../atomic-file.js';
import { inTurn } from './in-turn.js';
import { fenceFile, isMissing, readFence, type Tree } from './tree-record.js';

/**
 * Admits the holder of `fence` to write into the tree and remembers it; call right before each write. Fences
 * sort as text. Checked, not enforced by storage: a writer that stalls after the check can still land one write.
 * @throws Superseded when a newer attempt was admitted; WorktreeLost when the tree is gone
 */
export async function checkFence(tree: Tree, fence: string): Promise<void> {
  const file = fenceFile(tree);
  await inTurn(file, async () => {
    const newest = await readFence(tree);
    if (newest !== undefined && newest > fence)
      throw new Failure('Superseded', `a newer attempt works on the tree ${tree.treeId}`);
    if (newest === fence) return;
    try {
      await writeAtomically(file, fence);
    } catch (error) {
      if (isMissing(error)) throw new Failure('WorktreeLost', `the working tree ${tree.treeId} is gone`);
      throw error;
    }
  });
}
