import { readdirSync, readFileSync } from 'node:fs';

/** Kernels count in hundredths of a second whatever their own clock is. */
const TICKS_PER_SECOND = 100;

/**
 * Processor time that a process and its children that have ended used so far; NaN where the kernel does not say. Work
 * of a child that still runs is counted when it is asked for by its own id.
 */
export const cpuSeconds = (pid: number | 'self' = 'self'): number => {
  try {
    // The name, in brackets, may hold blanks; the counters are fields 14 to 17.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  } catch {
    // No such file system, or no such process any more.
    return Number.NaN;
  }
};

/** Of a program and the processes that it has started and that still run, such as PostgreSQL and its backends. */
export const cpuSecondsOfAll = (pid: number): number => {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid);
  return [pid, ...children.map(Number)].reduce((sum, one) => sum + (cpuSeconds(one) || 0), 0);
};

const parentOf = (pid: string): number => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0; // it has ended meanwhile
  }
};
