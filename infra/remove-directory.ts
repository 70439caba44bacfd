import { randomUUID } from 'node:crypto';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { Failure } from '../domain/failures.js';

/** Far below the 4,096 that the kernel takes, so that any name fits behind it. */
const LONG_PATH_BYTES = 2_000;

/**
 * Deletes a directory an agent may have filled: closed directories are opened on the way, paths that are longer than
 * the kernel takes are cut, symbolic links are deleted and not followed. Missing is success.
 * @throws Unavailable when something stays
 */
export async function removeDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    try {
      await makeRemovable(path);
      await rm(path, { recursive: true, force: true, maxRetries: 2 });
    } catch {
      throw new Failure('Unavailable', 'a directory could not be removed', { reason: 'REMOVE' }, { cause: error });
    }
  }
}

/** Opens every directory below, and brings those that lie too deep to the top under other names. */
export async function makeRemovable(root: string): Promise<void> {
  const top = Buffer.from(`${root}/`);
  const waiting: Buffer[] = [Buffer.from(root)];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    await chmod(directory, 0o700);
    for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
      if (!entry.isDirectory()) continue;
      const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
      if (path.length <= LONG_PATH_BYTES) waiting.push(path);
      else {
        const higher = Buffer.concat([top, Buffer.from(`deep-${randomUUID()}`)]);
        // Moving a directory changes it as well.
        await chmod(path, 0o700);
        await rename(path, higher);
        waiting.push(higher);
      }
    }
  }
}
