import { spawn } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Failure } from '../../../domain/failures.js';
import { environmentFor } from '../../config.js';
import { errorCode, errorReason } from '../../errors.js';

/** tar's word for: a file changed or went while it was read. Ours never change, and what went was swept. */
const CHANGED = 1;

/** The owner of trees reads what is in the mirrors, whatever the umask of who packs or unpacks. */
const MODE = '--mode=u+rwX,go+rX,go-w';

/** Packs directories into one file that appears under its name when it is complete and on disk. @throws Conflict */
export const packArchive = async (
  file: string,
  parts: readonly { readonly directory: string; readonly name: string }[],
): Promise<number> => {
  const draft = `${file}.${process.pid}.draft`;
  try {
    const handle = await openDraft(draft);
    try {
      const members = parts.flatMap(({ directory, name }) => ['-C', directory, name]);
      // Half-written texts have a second ending.
      const exclude = ['--exclude=./artifacts/*/*.*', '--exclude=artifacts/*/*.*'];
      await tar(['-czf', draft, '--hard-dereference', '--numeric-owner', MODE, ...exclude, ...members], [0, CHANGED]);
      await handle.sync();
      const { size } = await handle.stat();
      await rename(draft, file);
      return size;
    } finally {
      await handle.close();
    }
  } finally {
    await rm(draft, { force: true });
  }
};

const openDraft = async (draft: string) => {
  try {
    return await open(draft, 'wx', 0o600);
  } catch (cause) {
    throw new Failure('InvalidInput', `${dirname(draft)} cannot be written: ${errorReason(cause)}.`, {}, { cause });
  }
};

/** Unpacks into an empty directory. @throws InvalidInput for what is no archive, or holds more than files */
export const unpackArchive = async (file: string, directory: string): Promise<void> => {
  try {
    await tar(['-xzf', file, '-C', directory, '--no-same-owner', '--same-permissions'], [0]);
  } catch (cause) {
    throw new Failure('InvalidInput', `${file} is not a whole backup: ${errorReason(cause)}.`, {}, { cause });
  }
  refuseLinks(directory);
};

/** A link or a device in an archive would lead what follows out of the directory. */
const refuseLinks = (directory: string): void => {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) refuseLinks(path);
    else if (!stat.isFile()) throw new Failure('InvalidInput', 'The backup holds a link or a device: it is not ours.');
  }
};

const tar = async (args: readonly string[], okCodes: readonly number[]): Promise<void> => {
  const child = spawn('tar', args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...environmentFor('tool') } });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(errorCode(error) === 'ENOENT' ? new Error('tar is not installed') : error));
    child.on('close', resolve);
  });
  const [code, words] = await Promise.all([ended, text(child.stderr)]);
  if (code === null || !okCodes.includes(code))
    throw new Error(words.trim().split('\n')[0] ?? `tar ended with ${code}`);
};
