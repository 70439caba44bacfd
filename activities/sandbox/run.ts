import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { removeDirectory } from '../../infra/remove-directory.js';
import { isFiltered, seccompFilter } from '../../infra/seccomp/filter.js';
import { type CapsInForce, type CgroupFactory, type CommandCgroup, findCgroups, newCgroupName } from './cgroup.js';
import type { CommandResult, SandboxCommand, SessionSandbox } from './command.js';
import { CommandLines } from './command-line.js';
import type { ServiceUser } from './etc-copy.js';
import { serverText } from './exec-server/text.js';
import { type Executed, execute } from './execution.js';
import { prepareHostView } from './host-view.js';
import type { SandboxLimits } from './limits.js';
import { listenerText } from './listener/stage.js';
import { capturedText } from './output.js';
import { placeProgram } from './program-file.js';
import { whyUnreachable } from './reach.js';
import { makeScratch } from './scratch.js';
import { Sessions } from './session/sessions.js';

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
  /** Whether programs may open sockets in the file system. Default false. */
  readonly unixSockets?: boolean;
  /** How long a session stays without a command. Default 60 s. */
  readonly idleMs?: number;
}

const KEEP_BYTES = 256 * 1024;
const GRACE_MS = 5000;
const IDLE_MS = 60_000;

/** Makes the port ready: copies of /etc, the place for cgroups. @throws PermissionDenied when run as root without a service user */
export const openSandbox = async (settings: SandboxSettings): Promise<BubblewrapSandbox> => {
  if (process.getuid?.() === 0 && (settings.user === undefined || settings.user.uid === 0)) {
    throw new Failure('PermissionDenied', 'Commands never run as root: a service uid is needed.');
  }
  const user = settings.user ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  await mkdir(join(settings.directory, 'scratch'), { recursive: true, mode: 0o711 });
  const host = await prepareHostView(settings.directory, settings.toolchains, user);
  const cgroups = settings.caps === 'watcher' ? undefined : await findCgroups();
  const lines = new CommandLines(host, {
    bwrap: settings.bwrap ?? '/usr/bin/bwrap',
    networkEnv: settings.networkEnv ?? {},
    hasCgroups: cgroups !== undefined,
    filter: await placeFilter(settings),
    execServer: await placeProgram(settings.directory, 'exec-server', serverText()),
    openListener: await placeProgram(settings.directory, 'open-listener', listenerText()),
  });
  return new BubblewrapSandbox(settings, host.path, lines, cgroups);
};

const placeFilter = async ({ directory, unixSockets = false }: SandboxSettings): Promise<string | undefined> =>
  isFiltered(process.arch)
    ? placeProgram(directory, 'filter', seccompFilter(process.arch, { unixSockets }))
    : undefined;

export class BubblewrapSandbox implements SessionSandbox {
  private readonly sessions: Sessions;

  constructor(
    private readonly settings: SandboxSettings,
    /** PATH inside. */
    readonly path: string,
    private readonly lines: CommandLines,
    private readonly cgroups: CgroupFactory | undefined,
  ) {
    this.sessions = new Sessions({
      lines,
      user: settings.user,
      makeCgroup: (limits) => this.makeCgroup(limits),
      idleMs: settings.idleMs ?? IDLE_MS,
    });
  }

  /** Who keeps memory, processes and CPU within their limits on this host; `doctor` shows it. */
  get capsInForce(): CapsInForce {
    return this.cgroups?.caps ?? { memory: 'watcher', processes: 'rlimit', cpu: 'none' };
  }

  async run(command: SandboxCommand, signal?: AbortSignal): Promise<CommandResult> {
    signal?.throwIfAborted();
    if (command.session === undefined || command.isolation === 'none') return this.runOnce(command, signal);
    const startedAt = performance.now();
    const options = { keepBytes: command.keepBytes ?? KEEP_BYTES, graceMs: this.settings.graceMs ?? GRACE_MS };
    const served = await this.sessions.run(command.session, command, options, signal);
    return { ...served, ms: performance.now() - startedAt, isolation: 'bubblewrap' };
  }

  endSessions(tree: string): Promise<void> {
    return this.sessions.endOn(tree);
  }

  /** Ends every session. */
  close(): Promise<void> {
    return this.sessions.endAll();
  }

  private async runOnce(command: SandboxCommand, signal?: AbortSignal): Promise<CommandResult> {
    const startedAt = performance.now();
    const isSandboxed = command.isolation !== 'none';
    const scratch =
      command.hasDiskScratch || !isSandboxed
        ? await makeScratch(join(this.settings.directory, 'scratch'), this.settings.user)
        : undefined;
    let cgroup: CommandCgroup | undefined;
    try {
      cgroup = await this.makeCgroup(command.limits);
      const executed = await execute(
        {
          argv: isSandboxed ? this.lines.sandboxed(command, scratch) : this.lines.plain(command, scratch),
          user: this.settings.user,
          filter: isSandboxed ? this.lines.filter : undefined,
          onListening: isSandboxed ? command.listener?.accept : undefined,
          stdin: command.stdin ?? '',
          limits: command.limits,
          keepBytes: command.keepBytes ?? KEEP_BYTES,
          cgroup,
          looksAtProcesses: this.cgroups === undefined,
          isSandboxed,
          directories: [...(command.isTreeReadOnly ? [] : [command.tree]), ...(scratch ? [scratch] : [])],
          graceMs: this.settings.graceMs ?? GRACE_MS,
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

  private async makeCgroup(limits: SandboxLimits): Promise<CommandCgroup | undefined> {
    return this.cgroups?.create(newCgroupName(), limits);
  }

  /** @throws NeverStarted, or Unavailable when something outside killed the sandbox */
  private async assertCameUp({ end, report, wasKilled, stderr }: Executed, command: SandboxCommand): Promise<void> {
    if (end.kind === 'limit' || report.includes('"exit-code"')) return;
    if (wasKilled) throw new Failure('Unavailable', 'The sandbox was killed from outside.');
    const sources = [
      command.tree,
      ...[...(command.readOnly ?? []), ...(command.writable ?? [])].map((bind) => bind.source),
    ];
    const said = capturedText(stderr).trim() || 'it was killed before it stood';
    const why = (await whyUnreachable(sources, this.settings.user)) ?? said;
    throw new Failure('NeverStarted', `The sandbox could not be set up: ${why}`);
  }
}
