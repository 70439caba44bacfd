import { readFile } from 'node:fs/promises';
import type { Position } from '../domain/project-config/validate.js';
import { errorReason } from '../infra/errors.js';
import { readYaml } from '../infra/yaml.js';
import { CliError, EXIT } from './errors.js';

export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${errorReason(error)}`, EXIT.usage);
  }
}

/** What the API takes at most. */
const MAX_PLAN_BYTES = 8 * 1024 * 1024;

/** YAML reads JSON too. @throws CliError with line and column */
export async function readPlanFile(file: string): Promise<unknown> {
  const read = readYaml(await readTextFile(file), MAX_PLAN_BYTES);
  const refuse = ({ line, column }: Position, why: string): CliError =>
    new CliError(`${file} cannot be read as a plan: line ${line}, column ${column}: it ${why}.`, EXIT.usage);
  if (read.kind === 'invalid') throw refuse(read.position, read.why);
  try {
    return read.document.toJS();
  } catch (error) {
    // An alias that stands for too much, or for nothing.
    throw refuse({ line: 1, column: 1 }, `cannot be read: ${errorReason(error)}`);
  }
}
