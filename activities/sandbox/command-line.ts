import { join } from 'node:path';
import type { SandboxCommand } from './command.js';
import { FILTER_FD } from './launch.js';
import { outerStage } from './listener/stage.js';
import {
  bwrapArguments,
  EXEC_SERVER_INSIDE,
  type HostView,
  type SandboxProfile,
  sandboxEnvironment,
  TREE_INSIDE,
} from './profile.js';

export interface CommandLineSettings {
  readonly bwrap: string;
  /** Added where the network is shared. */
  readonly networkEnv: Readonly<Record<string, string>>;
  /** Without cgroups, resource limits are the brakes between two looks of the watcher. */
  readonly hasCgroups: boolean;
  /** Program of the exec server on the host. */
  readonly execServer: string;
  /** Program that opens the listener of a run, on the host. */
  readonly openListener: string;
  /** File of the seccomp program; undefined on an architecture without one. */
  readonly filter: string | undefined;
}

/** Between the signal that says which limit it was, and the kill. */
const CPU_GRACE_SECONDS = 5;
const CA_ROOTS = '/etc/ssl/certs/ca-certificates.crt';

/** Builds the argument vectors of everything that runs in a sandbox. */
export class CommandLines {
  constructor(
    private readonly host: HostView,
    private readonly settings: CommandLineSettings,
  ) {}

  sandboxed(command: SandboxCommand, scratch: string | undefined): readonly string[] {
    const inner = [...this.bwrap(this.profile(command, scratch)), '--', ...this.limited(command, command.argv)];
    if (command.listener === undefined) return inner;
    const { bwrap, openListener } = this.settings;
    return outerStage({ bwrap, program: openListener, port: command.listener.port }, inner);
  }

  /** The exec server in a sandbox that fits the command, and all like it. */
  server(command: SandboxCommand): readonly string[] {
    const { cwd: _cwd, env: _env, ...shared } = command;
    const profile = { ...this.profile(shared, undefined), execServer: this.settings.execServer };
    return [...this.bwrap(profile), '--', ...this.limited(command, [process.execPath, EXEC_SERVER_INSIDE])];
  }

  /** The admin's `sandbox: none`: no namespaces, but still the service user, an allow-listed environment and the caps. */
  plain(command: SandboxCommand, scratch: string | undefined): readonly string[] {
    const cwd = command.cwd === undefined || command.cwd === '.' ? command.tree : join(command.tree, command.cwd);
    const places = scratch ? { HOME: join(scratch, 'home'), TMPDIR: join(scratch, 'tmp') } : {};
    const assignments = Object.entries({ ...this.environment(command), ...places }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const enter = 'exec 3>&-; cd -- "$1" && shift && exec "$@"';
    return [
      ...['/bin/sh', '-c', enter, 'enter', cwd, '/usr/bin/env', '-i', ...assignments],
      ...this.limited(command, command.argv),
    ];
  }

  get filter(): string | undefined {
    return this.settings.filter;
  }

  environment(command: SandboxCommand): Readonly<Record<string, string>> {
    return sandboxEnvironment(this.host, this.ownEnvironment(command));
  }

  private bwrap(profile: SandboxProfile): readonly string[] {
    const filter = this.settings.filter === undefined ? [] : ['--seccomp', String(FILTER_FD)];
    return [this.settings.bwrap, '--json-status-fd', '3', ...filter, ...bwrapArguments(this.host, profile)];
  }

  private profile(command: SandboxCommand, scratch: string | undefined): SandboxProfile {
    return {
      tree: command.tree,
      isTreeReadOnly: command.isTreeReadOnly ?? false,
      cwd: command.cwd ?? '.',
      env: this.ownEnvironment(command),
      network: command.network ?? 'none',
      hasListener: command.listener !== undefined,
      readOnly: command.readOnly ?? [],
      writable: command.writable ?? [],
      tmpBytes: command.limits.tmpBytes,
      ...(scratch ? { scratch: { home: join(scratch, 'home'), tmp: join(scratch, 'tmp') } } : {}),
    };
  }

  private ownEnvironment({ network, env }: SandboxCommand): Readonly<Record<string, string>> {
    // Node looks at the system's CA roots only when told to.
    const shared = network === 'host' ? { NODE_EXTRA_CA_CERTS: CA_ROOTS, ...this.settings.networkEnv } : {};
    return { ...shared, ...env };
  }

  private limited({ limits }: SandboxCommand, argv: readonly string[]): readonly string[] {
    const brakes = this.settings.hasCgroups
      ? []
      : [`--nproc=${2 * limits.processes}`, `--data=${2 * limits.memoryBytes}`];
    return [
      '/usr/bin/prlimit',
      '--core=0',
      `--nofile=${limits.openFiles}`,
      `--fsize=${limits.fileBytes}`,
      `--cpu=${limits.cpuSeconds}:${limits.cpuSeconds + CPU_GRACE_SECONDS}`,
      ...brakes,
      '--',
      ...argv,
    ];
  }
}

/** Where a command of a session begins. */
export const directoryInside = ({ cwd }: SandboxCommand): string =>
  cwd === undefined || cwd === '.' ? TREE_INSIDE : `${TREE_INSIDE}/${cwd}`;
