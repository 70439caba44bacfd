import { availableParallelism } from 'node:os';

/** What one command may use. Exceeding any of the first six ends it with a typed limit. */
export interface SandboxLimits {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly wallMs: number;
  /** Bytes on stdout and stderr together; far above what is kept. */
  readonly outputBytes: number;
  /** Size of the working tree, scratch directories included. */
  readonly treeBytes: number;
  /** Size of any one file. */
  readonly fileBytes: number;
  /** A quota, not an end: a command that wants more runs slower. */
  readonly cpuCores: number;
  readonly openFiles: number;
  /** Of each tmpfs: `/tmp`, the home directory. They count as memory where a cgroup does the counting. */
  readonly tmpBytes: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The figures of SPEC section 8. @param hostCores the machine's processors, of which a command gets half */
export const defaultLimits = (hostCores: number): SandboxLimits => ({
  memoryBytes: 2048 * MIB,
  processes: 512,
  wallMs: 3_600_000,
  outputBytes: 64 * MIB,
  treeBytes: 10 * GIB,
  fileBytes: 10 * GIB,
  cpuCores: Math.max(1, hostCores / 2),
  openFiles: 8192,
  tmpBytes: 512 * MIB,
});

/** The default of this machine. */
export const hostLimits = (): SandboxLimits => defaultLimits(availableParallelism());

export type LimitName = 'memory' | 'processes' | 'time' | 'output' | 'disk';

/** One sentence for people and models. */
export const limitMessage = (limit: LimitName, limits: SandboxLimits): string => {
  switch (limit) {
    case 'memory':
      return `The command used more than ${Math.round(limits.memoryBytes / MIB)} MB of memory and was ended.`;
    case 'processes':
      return `The command had more than ${limits.processes} processes and was ended.`;
    case 'time':
      return `The command ran longer than ${limits.wallMs / 1000} s and was ended.`;
    case 'output':
      return `The command printed more than ${Math.round(limits.outputBytes / MIB)} MB and was ended.`;
    case 'disk':
      return `The command wrote more than ${Math.round(limits.treeBytes / MIB)} MB and was ended.`;
  }
};
