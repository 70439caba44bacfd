import picomatch from 'picomatch';
import type { TreeFile } from '../../domain/evidence.js';

/** The files that one of the globs names; all of them when there are no globs. Dot files count. */
export const matchingFiles = (files: readonly TreeFile[], globs: readonly string[]): readonly TreeFile[] => {
  if (globs.length === 0) return files;
  const isMatch = picomatch([...globs], { dot: true });
  return files.filter(({ path }) => isMatch(path));
};
