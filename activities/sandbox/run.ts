import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { type CapsInForce, type CgroupFactory, type CommandCgroup, cgroupName, findCgroups } from './cgroup.js';
import type { CommandResult, Sandbox, SandboxCommand } from './command.js';
import type { ServiceUser } from './etc-copy.js';
import { type Executed, execute } from './execution.js';
import { prepareHostView } from './host-view.js';
import { capturedText } from './output.js';
import { bwrapArguments, type HostView, type SandboxProfile, sandboxEnvironment } from './profile.js';
import { whyUnreachable } from './reach.js';
import { makeScratch, removeDirectory } from './scratch.js';

export interface SandboxSettings {
  /** Directory of ours; the service user must be able to reach it. */
  readonly directory: string;
  /** Present when started as root: commands run as this user. */
  readonly user: ServiceUser | undefined;
  /** Absolute paths bound read-only into every sandbox. */
  readonly toolchains: readonly string[];
  /** Added where the network is shared: proxies, without user information. */
  readonly networkEnv?: Readonly<Record<string, string>>;
  /** Default /usr/bin/bwrap. */
  readonly bwrap?: string;
  /** `watcher` leaves cgroups alone. Default: cgroups where they are writable. */
  readonly caps?: 'cgroup' | 'watcher';
  /** Between TERM and KILL. Default 5 s. */
  readonly graceMs?: number;
}

const KEEP_BYTES = 256 * 1024;
const CA_ROOTS = '/etc/ssl/certs/ca-certificates.crt';

/** Makes the port ready: copies of /etc, the place for cgroups. @throws PermissionDenied when run as root without a service user */
export const openSandbox = async (settings: SandboxSettings): Promise<BubblewrapSandbox> => {
  if (process.getuid?.() === 0 && (settings.user === undefined || settings.user.uid === 0)) {
    throw new Failure('PermissionDenied', 'Commands never run as root: a service uid is needed.');
  }
  const user = settings.user ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  await mkdir(join(settings.directory, 'scratch'), { recursive: true, mode: 0o711 });
  const host = await prepareHostView(settings.directory, settings.toolchains, user);
  const cgroups = settings.caps === 'watcher' ? undefined : await findCgroups();
  return new BubblewrapSandbox(settings, host, cgroups);
};

export class BubblewrapSandbox implements Sandbox {
  private serial = 0;

  constructor(
    private readonly settings: SandboxSettings,
    private readonly host: HostView,
    private readonly cgroups: CgroupFactory | undefined,
  ) {}

  /** Who keeps memory, processes and CPU within their limits on this host; `doctor` shows it. */
  get capsInForce(): CapsInForce {
    return this.cgroups?.caps ?? { memory: 'watcher', processes: 'rlimit', cpu: 'none' };
  }

  get path(): string {
    return this.host.path;
  }

  async run(command: SandboxCommand, signal?: AbortSignal): Promise<CommandResult> {
    signal?.throwIfAborted();
    const startedAt = performance.now();
    const isSandboxed = command.isolation !== 'none';
    const scratch =
      command.hasDiskScratch || !isSandboxed
        ? await makeScratch(join(this.settings.directory, 'scratch'), this.settings.user)
        : undefined;
    let cgroup: CommandCgroup | undefined;
    try {
      this.serial += 1;
      cgroup = await this.cgroups?.create(cgroupName(this.serial), command.limits);
      const executed = await execute(
        {
          argv: isSandboxed ? this.sandboxArgv(command, scratch) : this.plainArgv(command, scratch),
          cwd: '/',
          user: this.settings.user,
          stdin: command.stdin ?? '',
          limits: command.limits,
          keepBytes: command.keepBytes ?? KEEP_BYTES,
          cgroup,
          looksAtProcesses: this.cgroups === undefined,
          isSandboxed,
          directories: [...(command.isTreeReadOnly ? [] : [command.tree]), ...(scratch ? [scratch] : [])],
          graceMs: this.settings.graceMs ?? 5000,
        },
        signal,
      );
      if (isSandboxed) await this.assertCameUp(executed, command);
      const { end, stdout, stderr } = executed;
      return { end, stdout, stderr, ms: performance.now() - startedAt, isolation: isSandboxed ? 'bubblewrap' : 'none' };
    } finally {
      await cgroup?.destroy();
      if (scratch) await removeDirectory(scratch);
    }
  }

  private sandboxArgv(command: SandboxCommand, scratch: string | undefined): readonly string[] {
    const profile: SandboxProfile = {
      tree: command.tree,
      isTreeReadOnly: command.isTreeReadOnly ?? false,
      cwd: command.cwd ?? '.',
      env: this.environment(command),
      network: command.network ?? 'none',
      readOnly: command.readOnly ?? [],
      writable: command.writable ?? [],
      tmpBytes: command.limits.tmpBytes,
      ...(scratch ? { scratch: { home: join(scratch, 'home'), tmp: join(scratch, 'tmp') } } : {}),
    };
    const bwrap = this.settings.bwrap ?? '/usr/bin/bwrap';
    return [bwrap, '--json-status-fd', '3', ...bwrapArguments(this.host, profile), '--', ...this.limited(command)];
  }

  /** The admin's `sandbox: none`: no namespaces, but still the service user, an allow-listed environment and the caps. */
  private plainArgv(command: SandboxCommand, scratch: string | undefined): readonly string[] {
    const cwd = command.cwd === undefined || command.cwd === '.' ? command.tree : join(command.tree, command.cwd);
    const places = scratch ? { HOME: join(scratch, 'home'), TMPDIR: join(scratch, 'tmp') } : {};
    const env = { ...sandboxEnvironment(this.host, this.environment(command)), ...places };
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const enter = 'exec 3>&-; cd -- "$1" && shift && exec "$@"';
    return ['/bin/sh', '-c', enter, 'enter', cwd, '/usr/bin/env', '-i', ...assignments, ...this.limited(command)];
  }

  private environment(command: SandboxCommand): Readonly<Record<string, string>> {
    // Node looks at the system's CA roots only when told to.
    const shared = command.network === 'host' ? { NODE_EXTRA_CA_CERTS: CA_ROOTS, ...this.settings.networkEnv } : {};
    return { ...shared, ...command.env };
  }

  private limited({ argv, limits }: SandboxCommand): readonly string[] {
    // Without a cgroup these are the brakes between two looks of the watcher.
    const brakes =
      this.cgroups === undefined ? [`--nproc=${2 * limits.processes}`, `--data=${2 * limits.memoryBytes}`] : [];
    return [
      '/usr/bin/prlimit',
      '--core=0',
      `--nofile=${limits.openFiles}`,
      `--fsize=${limits.fileBytes}`,
      ...brakes,
      '--',
      ...argv,
    ];
  }

  /** @throws NeverStarted, or Unavailable when something outside killed the sandbox */
  private async assertCameUp({ end, report, wasKilled, stderr }: Executed, command: SandboxCommand): Promise<void> {
    if (end.kind === 'limit' || report.includes('"exit-code"')) return;
    if (wasKilled) throw new Failure('Unavailable', 'The sandbox was killed from outside.');
    const sources = [
      command.tree,
      ...[...(command.readOnly ?? []), ...(command.writable ?? [])].map((bind) => bind.source),
    ];
    const why = (await whyUnreachable(sources, this.settings.user)) ?? capturedText(stderr).trim();
    throw new Failure('NeverStarted', `The sandbox could not be set up: ${why}`);
  }
}
