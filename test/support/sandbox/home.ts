import { chmod, chown, lstat, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SandboxCommand } from '../../../activities/sandbox/command.js';
import { defaultLimits, type SandboxLimits } from '../../../activities/sandbox/limits.js';
import { type BubblewrapSandbox, openSandbox, type SandboxSettings } from '../../../activities/sandbox/run.js';
import { removeDirectory } from '../../../infra/remove-directory.js';

const SERVICE_UID = 64_321;

export const serviceUser = process.getuid?.() === 0 ? { uid: SERVICE_UID, gid: SERVICE_UID } : undefined;

/** A temporary data directory with a sandbox of its own; `remove` it after the suite. */
export class SandboxHome {
  private constructor(
    readonly directory: string,
    readonly settings: SandboxSettings,
    readonly sandbox: BubblewrapSandbox,
  ) {}

  static async open(settings: Partial<SandboxSettings> = {}): Promise<SandboxHome> {
    const directory = await mkdtemp(join(tmpdir(), 'millwright-sandbox-'));
    await chmod(directory, 0o711);
    const all: SandboxSettings = {
      directory: join(directory, 'sandbox'),
      user: serviceUser,
      toolchains: [],
      graceMs: 300,
      ...settings,
    };
    return new SandboxHome(directory, all, await openSandbox(all));
  }

  /** A working tree of the service user with these files. */
  async tree(files: Readonly<Record<string, string>> = {}): Promise<string> {
    const tree = await mkdtemp(join(this.directory, 'tree-'));
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(tree, name)), { recursive: true });
      await writeFile(join(tree, name), content);
    }
    await giveAway(tree);
    return tree;
  }

  async remove(): Promise<void> {
    await this.sandbox.close();
    await removeDirectory(this.directory);
  }
}

/** Makes a directory and all below it the service user's, as the trees of a worker are. */
export const giveAway = async (path: string): Promise<void> => {
  if (serviceUser === undefined) return;
  await chown(path, serviceUser.uid, serviceUser.gid);
  if (!(await lstat(path)).isDirectory()) return;
  for (const name of await readdir(path)) await giveAway(join(path, name));
};

export const limits = (changes: Partial<SandboxLimits> = {}): SandboxLimits => ({
  ...defaultLimits(2),
  wallMs: 120_000,
  ...changes,
});

/**
 * Runs what its wall time is to end. The clock runs while the sandbox comes up, so a slow machine is given more of it
 * until the command has begun.
 */
export const runOutOfTime = async <T>(
  runFor: (wallMs: number) => Promise<T>,
  hasBegun: (ended: T) => boolean,
): Promise<T> => {
  for (const wallMs of [1_000, 4_000, 16_000]) {
    const ended = await runFor(wallMs);
    if (hasBegun(ended)) return ended;
  }
  return runFor(60_000);
};

/** `sh -c` in a tree. */
export const shell = (tree: string, script: string, changes: Partial<SandboxCommand> = {}): SandboxCommand => ({
  argv: ['/bin/sh', '-c', script],
  tree,
  limits: limits(),
  ...changes,
});
