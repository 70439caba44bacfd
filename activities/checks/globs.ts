import { Script } from 'node:vm';
import picomatch from 'picomatch';
import type { TreeFile } from '../../domain/evidence.js';
import { Failure } from '../../domain/failures.js';
import { errorCode } from '../../infra/errors.js';

/** For all files together. Some globs take longer than the age of the universe for some names. */
const MAX_MS = 10_000;
const MATCH = new Script('match()');

/**
 * The files that one of the globs names; all of them when there are no globs. Dot files count.
 * @throws InvalidInput when the globs take too long, which nothing but a machine's interrupt ends
 */
export const matchingFiles = (
  files: readonly TreeFile[],
  globs: readonly string[],
  maxMs = MAX_MS,
): readonly TreeFile[] => {
  if (globs.length === 0) return files;
  const isMatch = picomatch([...globs], { dot: true });
  const match = (): readonly TreeFile[] => files.filter(({ path }) => isMatch(path));
  try {
    // A script's answer has no type; this one's is that of `match`.
    return MATCH.runInNewContext({ match }, { timeout: maxMs }) as readonly TreeFile[];
  } catch (cause) {
    if (errorCode(cause) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
    const why = `The globs ${globs.slice(0, 5).join(', ')} take too long to match: use fewer * in one of them.`;
    throw new Failure('InvalidInput', why, {}, { cause });
  }
};
