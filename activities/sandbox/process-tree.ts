import { readdir, readFile } from 'node:fs/promises';

/** Every descendant of `root`, without `root`. Orphans of a pid namespace stay below its first process. */
export const descendantsOf = async (root: number): Promise<readonly number[]> => {
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const children = await childrenOf(pid);
    found.push(...children);
    open.push(...children);
  }
  return found;
};

const childrenOf = async (pid: number): Promise<readonly number[]> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []); // it ended meanwhile
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
};

const PAGE_BYTES = 4096;

/** Private resident memory of the processes: pages of files and shared memory belong to nobody alone. */
export const privateBytes = async (pids: readonly number[]): Promise<number> => {
  const pages = await Promise.all(
    pids.map((pid) =>
      readFile(`/proc/${pid}/statm`, 'utf8').then(
        (line) => Number(line.split(' ')[1]) - Number(line.split(' ')[2]),
        () => 0, // it ended meanwhile
      ),
    ),
  );
  return pages.reduce((sum, count) => sum + count, 0) * PAGE_BYTES;
};

/** Signals each process that still exists. */
export const signalAll = (pids: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone already, which is what the signal was for.
    }
  }
};
