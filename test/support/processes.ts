import { readdir, readFile } from 'node:fs/promises';

/** Pids of other processes whose command line holds the marker. */
export const processesWith = async (marker: string): Promise<readonly number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')), // it ended meanwhile
  );
  return pids.filter((_, index) => lines[index]?.includes(marker)).map(Number);
};
