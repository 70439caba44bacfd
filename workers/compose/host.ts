import { createHash } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileTools } from '../../activities/agents/tools/file-tools.js';
import { sandboxAvailable } from '../../activities/sandbox/available.js';
import { hostLimits, type SandboxLimits } from '../../activities/sandbox/limits.js';
import { type BubblewrapSandbox, openSandbox, type SandboxSettings } from '../../activities/sandbox/run.js';
import type { Config } from '../../infra/config.js';
import { hostQueueName } from '../../workflows/contract/task-queues.js';

/** Twelve hex digits that are this host's on this disk: a restart finds its queue, its trees and its row again. */
export const hostIdOf = (home: string): string =>
  createHash('sha256').update(`${hostname()}\0${home}`).digest('hex').slice(0, 12);

/** What runs on this machine, and for whom. */
export interface Host {
  readonly hostId: string;
  readonly queue: string;
  readonly sandbox: BubblewrapSandbox;
  /** Of every command, as configured. */
  readonly limits: SandboxLimits;
  readonly files: FileTools;
  /** A directory without files. */
  readonly emptyTree: string;
  /** Present where bubblewrap does not work: what refused work is told. */
  readonly whyNoSandbox: string | undefined;
}

/** Prepares the sandbox of this host and finds out whether it works. */
export async function openHost({ layout, users, host, limits: configured }: Config): Promise<Host> {
  const hostId = hostIdOf(layout.home);
  const directory = join(layout.home, 'sandbox');
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o711);
  const emptyTree = join(directory, 'empty');
  await mkdir(emptyTree, { recursive: true });
  await chmod(emptyTree, 0o755);
  const settings: SandboxSettings = {
    directory,
    user: users === undefined ? undefined : { uid: users.serviceUid, gid: users.serviceUid },
    toolchains: host.toolchains,
    unixSockets: host.unixSockets,
  };
  const found = await sandboxAvailable(settings);
  const sandbox = await openSandbox(settings);
  const limits = hostLimits({
    memoryBytes: configured.commandMemoryBytes,
    cpuPercent: configured.commandCpuPercent,
    treeBytes: configured.treeBytes,
  });
  return {
    hostId,
    queue: hostQueueName(hostId),
    sandbox,
    limits,
    files: await FileTools.open(sandbox, join(directory, 'tools'), limits),
    emptyTree,
    whyNoSandbox: found.isAvailable ? undefined : `${found.why}. ${found.remedy}`,
  };
}
