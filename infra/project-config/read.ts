import { isNode, LineCounter, parseDocument } from 'yaml';
import type { ConfigFile } from '../../domain/project-config/types.js';
import {
  type ConfigPath,
  type ConfigProblem,
  describeProblem,
  type Position,
  type Validated,
  validateFile,
} from '../../domain/project-config/validate.js';

export const CONFIG_FILE = 'millwright.yml';

const MAX_CHARACTERS = 256 * 1024;
/** Aliases that stand for more nodes than this are refused: ten of them nested can fill any memory. */
const MAX_ALIASES = 100;

/** Parses and validates the text of `millwright.yml`. Every problem has line and column. */
export const readConfigFile = (text: string): Validated<ConfigFile> => {
  if (text.length > MAX_CHARACTERS) return invalid({ line: 1, column: 1 }, 'is larger than 256 KiB');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [error] = document.errors;
  // The first line of the parser's message is its reason; the rest draws the place, which we say ourselves.
  if (error)
    return invalid(
      positionAt(error.pos[0]),
      `is not valid YAML: ${(error.message.split(/ at line |\n/)[0] ?? '').replace(/\.$/, '')}`,
    );
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
