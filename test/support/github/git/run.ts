import { spawn } from 'node:child_process';

export interface GitResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface GitRunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** Nothing of the machine's configuration reaches the server's git. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
};

/** Git on a repository of the server, whatever it answers. */
export function tryGit(directory: string, args: readonly string[], options: GitRunOptions = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-C', directory, ...args], { env: { ...GIT_ENVIRONMENT, ...options.env } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code: code ?? -1, out: Buffer.concat(out).toString('utf8'), err: Buffer.concat(err).toString('utf8') }),
    );
    // It may end without reading all of it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** @throws when git refuses */
export async function git(directory: string, args: readonly string[], options: GitRunOptions = {}): Promise<string> {
  const { code, out, err } = await tryGit(directory, args, options);
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${err}`);
  return out.trimEnd();
}
