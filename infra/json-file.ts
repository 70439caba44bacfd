import { readFileSync } from 'node:fs';
import { Failure } from '../domain/failures.js';
import { errorCode } from './errors.js';

/**
 * What a file of ours holds; undefined when there is none. It was written in one step, but a disk may fail and a person
 * may edit.
 * @throws InvalidState with the file and the remedy when it is no JSON object
 */
export const readJsonFile = (path: string, remedy: string): Readonly<Record<string, unknown>> | undefined => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw new Failure('InvalidState', `${path} is damaged: ${remedy}.`, { file: path });
};
