import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';
import { type Environment, environmentFor, type HomeLayout } from '../config.js';
import { lockOwner } from '../owner-lock.js';
import { isAlive } from '../process-identity.js';
import { makeInHome } from './home.js';
import type { Progress } from './progress.js';
import { Stack, type StackOptions } from './stack.js';
import { readStackFacts, type StackFacts } from './stack-file.js';

/**
 * Runs the stack in this process until SIGINT or SIGTERM, then stops it in order. A signal while it starts, or a
 * second one, ends this process at once; the children die with it.
 */
export const runStackUntilSignal = async (
  options: StackOptions & { readonly onReady?: (facts: StackFacts) => void },
): Promise<void> => {
  let onSignal = (): void => process.exit(130);
  const signalled = (): void => onSignal();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, signalled);
  try {
    const stack = await Stack.start(options);
    const asked = new Promise<void>((resolve) => {
      onSignal = () => {
        onSignal = () => process.exit(130);
        resolve();
      };
    });
    options.onReady?.(stack.facts);
    await asked;
    await stack.stop();
  } finally {
    for (const name of names) process.off(name, signalled);
  }
};

export interface DetachOptions {
  readonly layout: HomeLayout;
  /** The command that runs the stack in its foreground. */
  readonly argv: readonly [string, ...string[]];
  readonly env?: Environment;
  readonly say: Progress;
}

/**
 * Starts the stack in a process of its own that outlives this one, repeats what it says, and answers when it is ready.
 * @throws Unavailable with its last words when it ends before
 */
export const startStackDetached = async ({ layout, argv, env = {}, say }: DetachOptions): Promise<StackFacts> => {
  const logFile = join(layout.logs, 'up.log');
  // The first start in a new home; modes of the rest are the stack's own work.
  makeInHome(layout.logs, 0o711);
  const output = openSync(logFile, 'a', 0o600);
  let position = statSync(logFile).size;
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...environmentFor('worker'), ...env, MILLWRIGHT_HOME: layout.home },
  });
  closeSync(output);
  let end: string | undefined;
  child.on('error', (error) => {
    end = error.message;
  });
  child.on('exit', (code, signal) => {
    end = signal ?? `exit ${code}`;
  });
  const repeat = (): void => {
    // In bytes: a character may take several, and the last line may be half written.
    const fresh = readFileSync(logFile).subarray(position);
    const whole = fresh.subarray(0, fresh.lastIndexOf(10) + 1);
    position += whole.length;
    for (const line of whole.toString('utf8').split('\n')) if (line !== '') say(line);
  };
  for (;;) {
    repeat();
    const facts = readStackFacts(layout);
    if (facts?.phase === 'ready' && facts.supervisor.pid === child.pid) {
      child.unref();
      return facts;
    }
    if (end !== undefined) {
      throw new Failure('Unavailable', `Millwright did not start (${end}); its output is in ${logFile}.`, { logFile });
    }
    await sleep(100);
  }
};

/**
 * Asks the instance of this home to stop and waits until it has. One that does not come to an end is killed; its
 * children die with it.
 */
export const stopStack = async (
  layout: HomeLayout,
  { patienceMs = 120_000 }: { readonly patienceMs?: number } = {},
): Promise<'stopped' | 'killed' | 'not-running'> => {
  const owner = existsSync(layout.lockFile) ? lockOwner(layout.lockFile) : undefined;
  if (owner === undefined) return 'not-running';
  process.kill(owner.pid, 'SIGTERM');
  for (let waitedMs = 0; isAlive(owner); waitedMs += 50) {
    if (waitedMs >= patienceMs) {
      process.kill(owner.pid, 'SIGKILL');
      while (isAlive(owner)) await sleep(50);
      return 'killed';
    }
    await sleep(50);
  }
  return 'stopped';
};
