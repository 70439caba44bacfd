import { statfs } from 'node:fs/promises';

/** Below it a host begins no more work. */
export const MIN_FREE_BYTES = 2 ** 30;

/** What this process may still write to the disk that holds the directory. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
