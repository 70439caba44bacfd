import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { errorReason } from '../infra/errors.js';
import { CliError, EXIT } from './errors.js';

export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${errorReason(error)}`, EXIT.usage);
  }
}

/** YAML reads JSON too. */
export async function readPlanFile(file: string): Promise<unknown> {
  const text = await readTextFile(file);
  try {
    return parseYaml(text);
  } catch (error) {
    throw new CliError(
      `${file} cannot be read as a plan: ${errorReason(error).split('\n')[0]?.replace(/:$/, '')}`,
      EXIT.usage,
    );
  }
}
