import { chown, mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceUser } from './etc-copy.js';

/** A 0700 directory of the service user with `home` and `tmp` in it, unpredictable in name. */
export const makeScratch = async (parent: string, user: ServiceUser | undefined): Promise<string> => {
  const directory = await mkdtemp(join(parent, 'run-'));
  for (const path of [directory, join(directory, 'home'), join(directory, 'tmp')]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (user) await chown(path, user.uid, user.gid);
  }
  return directory;
};
