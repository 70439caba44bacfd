import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Which process made something that another may find half-made. A pid alone is reused; its start time is not. */
export interface ProcessOwner {
  readonly pid: number;
  /** Boot id and start in clock ticks since boot; empty where the platform does not tell. */
  readonly started: string;
  readonly host: string;
}

let self: Promise<ProcessOwner> | undefined;

export const currentOwner = (): Promise<ProcessOwner> => {
  self ??= startOf(process.pid).then((started) => ({ pid: process.pid, started: started ?? '', host: hostname() }));
  return self;
};

/** `unknown` (another host, or a platform without /proc) must be left alone and reported. */
export async function stateOfOwner(owner: ProcessOwner): Promise<'alive' | 'dead' | 'unknown'> {
  if (owner.host !== hostname()) return 'unknown';
  const started = await startOf(owner.pid);
  if (started !== undefined && owner.started !== '') return started === owner.started ? 'alive' : 'dead';
  return isRunning(owner.pid) ? 'unknown' : 'dead';
}

/** Field 22 of /proc/<pid>/stat counts from the last boot, so the boot's own id goes before it. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'latin1'),
    ]);
    // The command's name is in parentheses and may hold spaces and parentheses itself.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return start === undefined ? undefined : `${boot.trim()}:${start}`;
  } catch {
    // No such process, or no /proc: the caller tells the two apart.
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
