import { readdirSync, readFileSync } from 'node:fs';
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

/** What is below `root` at this moment: synchronous, because nothing of ours may happen meanwhile. */
export const descendantsNow = (root: number): readonly number[] => {
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const thread of threadsOf(pid)) {
      const children = read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number);
      found.push(...children);
      open.push(...children);
    }
  }
  return found;
};

/** Whether every thread of the process is stopped. */
export const isStopped = (pid: number): boolean => {
  const threads = threadsOf(pid);
  return threads.length > 0 && threads.every((thread) => /\) T /.test(read(`/proc/${pid}/task/${thread}/stat`)));
};

const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it is gone
  }
};

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it ended meanwhile
  }
};
