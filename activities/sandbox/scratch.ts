import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceUser } from './etc-copy.js';

const execute = promisify(execFile);

/** A 0700 directory of the service user with `home` and `tmp` in it, unpredictable in name. */
export const makeScratch = async (parent: string, user: ServiceUser | undefined): Promise<string> => {
  const directory = await mkdtemp(join(parent, 'run-'));
  for (const path of [directory, join(directory, 'home'), join(directory, 'tmp')]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (user) await chown(path, user.uid, user.gid);
  }
  return directory;
};

/** Removes what a command left, directories without write permission included (Go's module cache makes such). */
export const removeDirectory = async (path: string): Promise<void> => {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await execute('chmod', ['-R', 'u+rwX', '--', path]);
    await rm(path, { recursive: true, force: true });
  });
};
