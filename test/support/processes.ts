import { readdir, readFile } from 'node:fs/promises';

/** Pids of other processes whose command line holds the marker. */
export const processesWith = async (marker: string): Promise<readonly number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')), // it ended meanwhile
  );
  return pids.filter((_, index) => lines[index]?.includes(marker)).map(Number);
};

/** Pids of other processes that were started for a home, by their environment, or work in it, by their command line. */
export const processesOf = async (home: string): Promise<readonly number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const files = ['environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')); // it ended meanwhile
      return (await Promise.all(files)).join('\0').split('\0');
    }),
  );
  const isOf = (words: readonly string[] = []): boolean =>
    words.some((word) => word === `MILLWRIGHT_HOME=${home}` || word.includes(`${home}/`));
  return pids.filter((_, index) => isOf(texts[index])).map(Number);
};
