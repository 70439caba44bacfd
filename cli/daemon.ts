import { fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HomeLayout } from '../infra/config.js';
import { readStackFacts } from '../infra/embedded/stack-file.js';
import { isAlive } from '../infra/process-identity.js';
import { CliError } from './errors.js';
import type { SupervisorMessage } from './supervise.js';

/** Starts the supervisor in the background and answers when everything is ready. @throws CliError with its reason */
export async function startDaemon(layout: HomeLayout, say: (text: string) => void): Promise<void> {
  mkdirSync(layout.logs, { recursive: true });
  const log = openSync(join(layout.logs, 'up.log'), 'a', 0o600);
  const child = fork(join(import.meta.dirname, 'supervise.js'), [], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: SupervisorMessage) => {
        if (message.kind === 'progress') say(message.text);
        else if (message.kind === 'ready') resolve();
        else reject(new CliError(message.message));
      });
      child.once('exit', (code) =>
        reject(new CliError(`Millwright did not start (exit ${code}). See ${layout.logs}/up.log.`)),
      );
      child.once('error', (error) => reject(new CliError(`Millwright did not start: ${error.message}`)));
    });
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** Ends the running instance and waits until it is gone. Answers false when none ran. */
export async function stopDaemon(layout: HomeLayout): Promise<boolean> {
  const facts = readStackFacts(layout);
  if (!facts) return false;
  process.kill(facts.supervisor.pid, 'SIGTERM');
  while (isAlive(facts.supervisor)) await sleep(100);
  return true;
}
