import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../infra/atomic-file.js';

/** Writes what sandboxes run or obey, named after its content: no running sandbox ever sees it change. */
export const placeProgram = async (directory: string, name: string, text: string | Buffer): Promise<string> => {
  const program = join(
    directory,
    `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}${typeof text === 'string' ? '.mjs' : ''}`,
  );
  await mkdir(directory, { recursive: true, mode: 0o711 });
  replaceFile(program, text, 0o644);
  return program;
};
