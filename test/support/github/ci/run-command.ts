import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git } from '../git/run.js';
import type { JobResult } from './jobs.js';

const DEFAULT_TIMEOUT_MS = 300_000;
const MOST_LOG_BYTES = 1024 * 1024;

export interface CommandRun {
  /** Of the bare repository. */
  readonly directory: string;
  readonly sha: string;
  readonly argv: readonly string[];
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** Runs a command in a fresh copy of a commit's tree, with nothing of this process's environment but the path. */
export async function runCommand({ directory, sha, argv, timeoutMs, signal }: CommandRun): Promise<JobResult> {
  const folder = mkdtempSync(join(tmpdir(), 'github-job-'));
  try {
    const archive = join(folder, '.tree.tar');
    await git(directory, ['archive', '-o', archive, sha]);
    await execute(['tar', '-xf', archive], folder, signal);
    rmSync(archive);
    const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs ?? DEFAULT_TIMEOUT_MS)]);
    const { code, log } = await execute(argv, folder, ending);
    if (signal.aborted) return { kind: 'never' };
    if (ending.aborted) return { kind: 'completed', conclusion: 'timed_out', log };
    return { kind: 'completed', conclusion: code === 0 ? 'success' : 'failure', log };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Execution {
  readonly code: number;
  /** Each line with the time before it, as logs of Actions have it. */
  readonly log: string;
}

function execute([program = '', ...args]: readonly string[], cwd: string, signal: AbortSignal): Promise<Execution> {
  return new Promise((resolve) => {
    const lines: string[] = [`##[group]Run ${[program, ...args].join(' ')}`, '##[endgroup]'];
    let bytes = 0;
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, CI: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes < MOST_LOG_BYTES) lines.push(...chunk.toString('utf8').split('\n'));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const kill = (): void => {
      // Its whole group: what it started goes with it.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    const end = (code: number, more: readonly string[] = []): void => {
      signal.removeEventListener('abort', kill);
      const at = new Date().toISOString();
      const last = code === 0 ? [] : [`##[error]Process completed with exit code ${code}.`];
      resolve({ code, log: [...lines.filter(Boolean), ...more, ...last].map((line) => `${at} ${line}\n`).join('') });
    };
    child.on('error', (error) => end(127, [error.message]));
    child.on('close', (code) => end(code ?? 137));
  });
}
