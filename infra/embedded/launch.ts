import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../config.js';

export interface LaunchOptions {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly directory?: string;
  /** User and group id to run as; the caller's when absent. */
  readonly runAs?: number | undefined;
  /** Sent to the child when this process dies, be it by SIGKILL. Default SIGKILL. */
  readonly deathSignal?: 'SIGKILL' | 'SIGQUIT';
  /** File descriptor that takes both outputs. Absent: they are dropped. */
  readonly output?: number;
}

/**
 * Starts a program that does not outlive this process. Where `setpriv` exists the kernel sees to it; elsewhere a small
 * Node process stands between, which kills the program when the pipe from here closes.
 */
export const launch = (options: LaunchOptions, setpriv: string | undefined = findSetpriv()): ChildProcess =>
  setpriv === undefined ? launchGuarded(options) : launchWithDeathSignal(options, setpriv);

const launchWithDeathSignal = (options: LaunchOptions, setpriv: string): ChildProcess => {
  const { argv, runAs, deathSignal = 'SIGKILL' } = options;
  const user = runAs === undefined ? [] : [`--reuid=${runAs}`, `--regid=${runAs}`, '--clear-groups'];
  return spawn(setpriv, [`--pdeathsig=${deathSignal.slice(3)}`, ...user, '--', ...argv], {
    env: options.env,
    stdio: ['ignore', options.output ?? 'ignore', options.output ?? 'ignore'],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    // Not our process group: a ctrl-c at the terminal is for this process, which stops its children in order.
    detached: true,
  });
};

/** Reads: the program's user, signal and argv from the arguments; end of standard input = the parent is gone. */
const GUARD = `
const { spawn } = require('node:child_process');
const [user, deathSignal, file, ...args] = process.argv.slice(1);
const ids = user === '' ? {} : { uid: Number(user), gid: Number(user) };
const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], ...ids });
child.on('error', () => process.exit(127));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128));
for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT']) process.on(name, () => child.kill(name));
process.stdin.on('end', () => child.kill(deathSignal)).on('error', () => child.kill(deathSignal)).resume();
`;

const launchGuarded = (options: LaunchOptions): ChildProcess => {
  const { argv, runAs, deathSignal = 'SIGKILL' } = options;
  return spawn(process.execPath, ['-e', GUARD, runAs === undefined ? '' : String(runAs), deathSignal, ...argv], {
    env: options.env,
    stdio: ['pipe', options.output ?? 'ignore', options.output ?? 'ignore'],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    detached: true,
  });
};

const findSetpriv = (): string | undefined =>
  ['/usr/bin', '/bin', '/usr/local/bin'].map((directory) => join(directory, 'setpriv')).find(isExecutable);

export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
