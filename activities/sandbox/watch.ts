import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { CommandCgroup } from './cgroup.js';
import type { LimitName, SandboxLimits } from './limits.js';
import { descendantsOf, privateBytes } from './process-tree.js';

export interface Watched {
  readonly pid: number;
  readonly limits: SandboxLimits;
  readonly cgroup: CommandCgroup | undefined;
  /** Whether memory and processes must be looked at because no cgroup counts them. */
  readonly looksAtProcesses: boolean;
  /** Directories whose size counts against the disk limit. */
  readonly directories: readonly string[];
}

const LOOK_MS = 100;

/** Calls `onLimit` once when the command exceeds memory, processes or disk, until `stop` is aborted. */
export const watchCommand = (watched: Watched, stop: AbortSignal, onLimit: (limit: LimitName) => void): void => {
  void watchUsage(watched, stop, onLimit); // ends with `stop`; it has no failure of its own
  void watchDisk(watched, stop, onLimit);
};

const watchUsage = async (watched: Watched, stop: AbortSignal, onLimit: (limit: LimitName) => void): Promise<void> => {
  while (!stop.aborted) {
    await pause(LOOK_MS, stop);
    if (stop.aborted) return;
    const limit = await exceededLimit(watched);
    if (limit !== undefined && !stop.aborted) return onLimit(limit);
  }
};

export const exceededLimit = async ({
  pid,
  limits,
  cgroup,
  looksAtProcesses,
}: Watched): Promise<LimitName | undefined> => {
  const counted = await cgroup?.exceeded();
  if (counted !== undefined || !looksAtProcesses) return counted;
  const pids = await descendantsOf(pid);
  if (pids.length > limits.processes) return 'processes';
  return (await privateBytes(pids)) > limits.memoryBytes ? 'memory' : undefined;
};

const FREE_SPACE_MS = 1000;
/** A measurement is repeated when the file system filled by a tenth of the limit, or after this long. */
const MEASURE_MS = 30_000;

/** Walking a tree is dear, asking the file system for its free space is not: so the first follows the second. */
const watchDisk = async (
  { limits, directories }: Watched,
  stop: AbortSignal,
  onLimit: (limit: LimitName) => void,
): Promise<void> => {
  const [first] = directories;
  if (first === undefined) return;
  let freeAtMeasure = await freeBytes(first).catch(() => undefined); // a missing tree is the launch's to refuse
  let measuredAt = performance.now();
  while (!stop.aborted && freeAtMeasure !== undefined) {
    await pause(FREE_SPACE_MS, stop);
    if (stop.aborted) return;
    const free = await freeBytes(first).catch(() => undefined);
    if (free === undefined) return;
    if (freeAtMeasure - free < limits.treeBytes / 10 && performance.now() - measuredAt < MEASURE_MS) continue;
    const size = await directoryBytes(directories);
    if (size > limits.treeBytes && !stop.aborted) return onLimit('disk');
    freeAtMeasure = free;
    measuredAt = performance.now();
  }
};

const freeBytes = async (path: string): Promise<number> => {
  const stat = await statfs(path);
  return stat.bavail * stat.bsize;
};

const execute = promisify(execFile);

/** Disk use of whole directories. `du` follows no link and runs beside us, so a huge tree starves no heartbeat. */
export const directoryBytes = async (directories: readonly string[]): Promise<number> => {
  // It exits with 1 when files vanish under it, which they do while a command runs: the sum is good enough.
  const { stdout } = await execute('du', ['-skx', '--', ...directories], { env: { LC_ALL: 'C' } }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  return stdout
    .split('\n')
    .map((line) => Number.parseInt(line, 10) * 1024)
    .reduce((sum, bytes) => sum + (Number.isNaN(bytes) ? 0 : bytes), 0);
};

const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener('abort', done);
  });
