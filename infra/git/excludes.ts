import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../atomic-file.js';
import { isMissing, type Tree } from './tree-record.js';

/** The line of an exclude file that names exactly this path. */
export const excludePattern = (path: string): string => `/${path.replace(/[\\*?[\] ]/g, '\\$&')}`;

/** What a file tool writes before it renames: half a file, left by a worker that was killed meanwhile. */
export const PART_FILE_PREFIX = '.millwright-part-';

const excludeText = (paths: readonly string[]): string =>
  [`${PART_FILE_PREFIX}*`, ...paths.map(excludePattern)].map((line) => `${line}\n`).join('');

/** Declares outputs of `setup`: snapshots leave them out from now on, and half-written files always. */
export const writeExcludes = (tree: Tree, paths: readonly string[]): Promise<void> =>
  writeAtomically(tree.excludeFile, excludeText(paths));

/** Git would take outputs of `setup` for work where the file that names them is cut off or gone. */
export async function ensureExcludes(tree: Tree, paths: readonly string[]): Promise<void> {
  const text = await readFile(tree.excludeFile, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (text !== excludeText(paths)) await writeExcludes(tree, paths);
}
