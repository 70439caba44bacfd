import { isNode } from 'yaml';
import type { ConfigFile } from '../../domain/project-config/types.js';
import {
  type ConfigPath,
  type ConfigProblem,
  describeProblem,
  type Position,
  type Validated,
  validateFile,
} from '../../domain/project-config/validate.js';
import { readYaml } from '../yaml.js';

export const CONFIG_FILE = 'millwright.yml';

/** Aliases that stand for more nodes than this are refused: ten of them nested can fill any memory. */
const MAX_ALIASES = 100;

/** Parses and validates `millwright.yml`, text or bytes. Every problem has line and column. */
export const readConfigFile = (source: string | Uint8Array): Validated<ConfigFile> => {
  const read = readYaml(source);
  if (read.kind === 'invalid') return invalid(read.position, read.why);
  const { document, positionAt } = read;
  const positionOf = (path: ConfigPath): Position | undefined => {
    const node = document.getIn(path, true);
    if (isNode(node) && node.range) return positionAt(node.range[0]);
    // An empty file has no node.
    return path.length === 0 ? { line: 1, column: 1 } : undefined;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    return invalid({ line: 1, column: 1 }, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return validateFile(value, positionOf);
};

/** All problems in one text, a line each. */
export const describeProblems = (problems: readonly ConfigProblem[]): string =>
  problems.map((problem) => describeProblem(CONFIG_FILE, problem)).join('\n');

const invalid = (position: Position, message: string): Validated<ConfigFile> => ({
  kind: 'invalid',
  problems: [{ path: [], message, position }],
});
