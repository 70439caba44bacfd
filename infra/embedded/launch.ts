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
  /** Sent to the program when this process dies, be it by SIGKILL. Default SIGKILL. */
  readonly deathSignal?: 'SIGKILL' | 'SIGQUIT';
  /** File descriptor that takes both outputs. Absent: they are dropped. */
  readonly output?: number;
}

export interface Launched {
  readonly pid: number | undefined;
  /** How it ended: `exit 0`, a signal's name, or why it could not start. Never rejects. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts a program that does not outlive this process. Where `setpriv` exists the kernel sees to it; elsewhere a small
 * Node process stands between, which ends the program when the pipe from here closes.
 */
export const launch = (options: LaunchOptions, setpriv: string | null = findSetpriv()): Launched =>
  setpriv === null ? launchGuarded(options) : launchWithDeathSignal(options, setpriv);

const launchWithDeathSignal = (options: LaunchOptions, setpriv: string): Launched => {
  const { argv, runAs, deathSignal = 'SIGKILL' } = options;
  const user = runAs === undefined ? [] : [`--reuid=${runAs}`, `--regid=${runAs}`, '--clear-groups'];
  // setpriv becomes the program, so the process number is the program's own.
  const child = spawn(setpriv, [`--pdeathsig=${deathSignal.slice(3)}`, ...user, '--', ...argv], {
    ...spawnOptions(options),
    stdio: ['ignore', options.output ?? 'ignore', options.output ?? 'ignore'],
  });
  return { pid: child.pid, ended: endOf(child), kill: (signal) => void child.kill(signal) };
};

/** Arguments: user, death signal, argv. Standard input: `K` = kill the program; its end = the parent is gone. */
const GUARD = `
const { spawn } = require('node:child_process');
const [user, deathSignal, file, ...args] = process.argv.slice(1);
const ids = user === '' ? {} : { uid: Number(user), gid: Number(user) };
const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], ...ids });
child.on('error', () => process.exit(127));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128));
for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT']) process.on(name, () => child.kill(name));
const orphaned = () => child.kill(deathSignal);
process.stdin.on('data', () => child.kill('SIGKILL')).on('end', orphaned).on('error', orphaned);
`;

const launchGuarded = (options: LaunchOptions): Launched => {
  const { argv, runAs, deathSignal = 'SIGKILL' } = options;
  const user = runAs === undefined ? '' : String(runAs);
  const child = spawn(process.execPath, ['-e', GUARD, user, deathSignal, ...argv], {
    ...spawnOptions(options),
    stdio: ['pipe', options.output ?? 'ignore', options.output ?? 'ignore'],
  });
  child.stdin?.on('error', () => {}); // it has ended already, which `ended` tells
  const kill = (signal: NodeJS.Signals): void => {
    // Killing the guard would orphan the program.
    if (signal === 'SIGKILL') child.stdin?.write('K');
    else child.kill(signal);
  };
  return { pid: child.pid, ended: endOf(child), kill };
};

const spawnOptions = ({ env, directory }: LaunchOptions): { env: Environment; cwd?: string; detached: boolean } => ({
  env,
  ...(directory === undefined ? {} : { cwd: directory }),
  // Not our process group: a ctrl-c at the terminal is for this process, which stops its children in order.
  detached: true,
});

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
  });

const findSetpriv = (): string | null =>
  ['/usr/bin', '/bin', '/usr/local/bin'].map((directory) => join(directory, 'setpriv')).find(isExecutable) ?? null;

export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
