import { availableParallelism } from 'node:os';

import type { CommandEnd } from './command.js';

/** What one command may use. Exceeding any of the first seven ends it with a typed limit. */
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
  /** Processor time of any one process, its threads together. */
  readonly cpuSeconds: number;
  /** A quota, not an end: a command that wants more runs slower. */
  readonly cpuCores: number;
  readonly openFiles: number;
  /** Of each tmpfs: `/tmp`, the home directory. They count as memory where a cgroup does the counting. */
  readonly tmpBytes: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What the host's configuration may change. */
export interface ConfiguredLimits {
  readonly memoryBytes: number;
  readonly cpuPercent: number;
  readonly treeBytes: number;
}

const CONFIGURED: ConfiguredLimits = { memoryBytes: 2048 * MIB, cpuPercent: 50, treeBytes: 10 * GIB };

/** The figures of SPEC section 8. @param hostCores the machine's processors, of which a command gets a share */
export const defaultLimits = (hostCores: number, configured: ConfiguredLimits = CONFIGURED): SandboxLimits => ({
  memoryBytes: configured.memoryBytes,
  processes: 512,
  wallMs: 3_600_000,
  outputBytes: 64 * MIB,
  treeBytes: configured.treeBytes,
  fileBytes: configured.treeBytes,
  cpuSeconds: Math.ceil(Math.max(1, (hostCores * configured.cpuPercent) / 100) * 3600),
  cpuCores: Math.max(1, (hostCores * configured.cpuPercent) / 100),
  openFiles: 8192,
  tmpBytes: 512 * MIB,
});

/** The default of this machine. */
export const hostLimits = (configured?: ConfiguredLimits): SandboxLimits =>
  defaultLimits(availableParallelism(), configured);

export type LimitName = 'memory' | 'processes' | 'cpu' | 'time' | 'output' | 'disk';

/** How a shell reports the signals XCPU and XFSZ, which the kernel sends at the limits of processor time and file size. */
const SIGNALLED: Readonly<Record<number, LimitName>> = { [128 + 24]: 'cpu', [128 + 25]: 'disk' };

/** @param limit what was seen to be exceeded */
export const endOf = (code: number, limit: LimitName | undefined, limits: SandboxLimits): CommandEnd => {
  const exceeded = limit ?? SIGNALLED[code];
  return exceeded === undefined
    ? { kind: 'exited', code }
    : { kind: 'limit', limit: exceeded, message: limitMessage(exceeded, limits) };
};

/** One sentence for people and models. */
export const limitMessage = (limit: LimitName, limits: SandboxLimits): string => {
  switch (limit) {
    case 'memory':
      return `The command used more than ${Math.round(limits.memoryBytes / MIB)} MB of memory and was ended.`;
    case 'processes':
      return `The command had more than ${limits.processes} processes and was ended.`;
    case 'cpu':
      return `The command used more than ${limits.cpuSeconds} s of processor time and was ended.`;
    case 'time':
      return `The command ran longer than ${limits.wallMs / 1000} s and was ended.`;
    case 'output':
      return `The command printed more than ${Math.round(limits.outputBytes / MIB)} MB and was ended.`;
    case 'disk':
      return `The command wrote more than ${Math.round(limits.treeBytes / MIB)} MB and was ended.`;
  }
};
