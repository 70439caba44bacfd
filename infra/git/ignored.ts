import { PART_FILE_PREFIX } from './excludes.js';
import { pathText } from './repository.js';

/** Enough to say what is missing; the files themselves stay in the tree. */
const LISTED_PATHS = 20;

/**
 * What an agent wrote that the repository's own ignore rules keep out of every commit, for people; a directory ends
 * in `/` and stands for all that is in it.
 * @param found byte-exact names as git lists ignored files; of a directory whose files are all ignored, though it is
 * not itself, git names both, and only the files are meant
 * @param outputs of `setup`, relative to the root: no agent wrote those
 */
export function ignoredWork(found: readonly string[], outputs: readonly string[]): readonly string[] {
  const isParent = (path: string): boolean =>
    path.endsWith('/') && found.some((other) => other !== path && other.startsWith(path));
  const isOutput = (path: string): boolean =>
    outputs.some((output) => `${path}/`.startsWith(`${output}/`) || (path.endsWith('/') && output.startsWith(path)));
  return found
    .filter((path) => !isParent(path) && !baseName(path).startsWith(PART_FILE_PREFIX))
    .map(pathText)
    .filter((path) => !isOutput(path))
    .slice(0, LISTED_PATHS);
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
