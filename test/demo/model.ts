import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ModelProcess {
  readonly url: string;
  stop(): void;
}

const PROGRAM = join(import.meta.dirname, '../support/model-server/main.js');

/** Starts the scripted model server as a process of its own. @param recordFile where it keeps every billed call */
export async function startScriptedModel(scenario: string, recordFile: string): Promise<ModelProcess> {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, scenario, '0', recordFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('The model server has no output.');
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = JSON.parse(line) as { readonly ready?: boolean; readonly url?: string }; // its one line of output
    if (ready.ready && ready.url) return { url: ready.url, stop: () => void child.kill() };
  }
  throw new Error('The model server ended before it was ready.');
}
