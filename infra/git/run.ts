/** The only place of the host that spawns git. Metadata an agent could write is never in GIT_DIR. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { Failure } from '../../domain/failures.js';
import { credentialAnswer, credentialSettings, type GitCredential } from './credential.js';
import {
  failureReason,
  firstWords,
  gitFailure,
  isDamageMessage,
  isLockMessage,
  isRefusedCredential,
} from './git-failures.js';
import { type Environment, type GitTransport, hardenedConfig, hardenedEnvironment } from './hardening.js';
import { checkOperands, type GitCommand, TAKES_END_OF_OPTIONS } from './operands.js';
import { removeStaleLocks } from './stale-locks.js';

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_OUTPUT_BYTES = 64 * 1024 * 1024;
const STDERR_BYTES = 64 * 1024;
/** Between TERM and KILL git may remove its own locks and temporary files. */
const KILL_GRACE_MS = 5_000;

/** Who owns trees and private indexes when the process runs as root. */
export interface TreeOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface Identity {
  readonly name: string;
  readonly email: string;
  /** Seconds since the epoch; always written at +0000. */
  readonly atSeconds: number;
}

export interface OfferedCredential extends GitCredential {
  readonly url: string;
  /** Another one, where the remote refuses this one: it was revoked, or has expired early. */
  readonly renew?: () => Promise<GitCredential>;
}

export interface GitCall {
  readonly command: GitCommand;
  /** Absolute path of a git directory that no agent can write. */
  readonly gitDir: string;
  readonly workTree?: string;
  readonly indexFile?: string;
  readonly options?: readonly string[];
  /** Object ids, refs, addresses or refspecs. Placed after `--end-of-options` where git takes it. */
  readonly operands?: readonly string[];
  /** Pathspecs after `--`, always taken literally. */
  readonly paths?: readonly string[];
  readonly input?: string | Buffer;
  /** More `key=value` settings for this call alone. */
  readonly config?: readonly string[];
  readonly author?: Identity;
  readonly committer?: Identity;
  readonly transport?: GitTransport;
  /** Offered to `url` alone, over a descriptor. */
  readonly credential?: OfferedCredential | undefined;
  /** Runs as the owner of trees, so that no file of a tree belongs to root. */
  readonly asTreeOwner?: boolean;
  readonly okExitCodes?: readonly number[];
  /** Default 120,000. */
  readonly timeoutMs?: number;
  /** Default 64 MiB. */
  readonly maxOutputBytes?: number;
  /** Beyond the cap: an error (default), or the text so far with `truncated`. */
  readonly onOverflow?: 'fail' | 'truncate';
  readonly signal?: AbortSignal | undefined;
}

export interface GitResult {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exitCode: number;
  readonly truncated: boolean;
}

export interface GitOptions {
  /** The caller's environment; only an allow-list of it reaches git. */
  readonly environment?: Environment;
  readonly treeOwner?: TreeOwner;
  /** Default `git`. */
  readonly program?: string;
  /** Asked when a git says that objects are damaged or missing; the same command is tried once more when it mended any. */
  readonly mend?: Mend;
}

/** Answers whether anything is better since the time given. @throws when what is lost cannot be got back */
export type Mend = (damaged: {
  readonly gitDir: string;
  readonly sinceMs: number;
  readonly signal?: AbortSignal | undefined;
}) => Promise<boolean>;

export interface Git {
  readonly treeOwner: TreeOwner | undefined;
  /**
   * @throws NotFound, Conflict, Unavailable (`details.reason` `DISK_FULL`, `LOCKED`, `REMOTE` …), InvalidInput,
   *   PermissionDenied, DeadlineExceeded, WorktreeLost, Internal; the signal's own reason when it is aborted
   */
  run(call: GitCall): Promise<GitResult>;
}

export const createGit = (options: GitOptions = {}): Git => ({
  treeOwner: options.treeOwner,
  run: (call) =>
    withMending(options.mend, call, () =>
      withLockRepair(call, () => withFreshCredential(call, (fresh) => runGit(options, fresh))),
    ),
});

/** What was refused for its credential has done nothing: it is tried once more with another one. */
async function withFreshCredential(call: GitCall, run: (call: GitCall) => Promise<GitResult>): Promise<GitResult> {
  const { credential } = call;
  if (credential?.renew === undefined) return run(call);
  const { renew } = credential;
  const again = async (): Promise<GitResult> =>
    run({ ...call, credential: { url: credential.url, ...(await renew()) } });
  try {
    const result = await run(call);
    return result.exitCode !== 0 && isRefusedCredential(result.stderr) ? await again() : result;
  } catch (error) {
    if (error instanceof Failure && failureReason(error) === 'DENIED' && isRefusedCredential(error.message))
      return await again();
    throw error;
  }
}

async function withMending(mend: Mend | undefined, call: GitCall, run: () => Promise<GitResult>): Promise<GitResult> {
  if (mend === undefined) return run();
  const { gitDir, signal } = call;
  const sinceMs = Date.now();
  const mended = (): Promise<boolean> => mend({ gitDir, sinceMs, signal });
  try {
    const result = await run();
    const isDamaged = result.exitCode !== 0 && isDamageMessage(result.stderr);
    return isDamaged && (await mended()) ? await run() : result;
  } catch (error) {
    if (failureReason(error) === 'OBJECT_CORRUPT' && (await mended())) return await run();
    throw error;
  }
}

/** A killed git leaves its lock, and every later one fails on it: clear what is provably nobody's, then try once more. */
async function withLockRepair(call: GitCall, run: () => Promise<GitResult>): Promise<GitResult> {
  const repair = async (): Promise<boolean> => (await removeStaleLocks(call.gitDir, call.indexFile)) > 0;
  try {
    const result = await run();
    const isLocked = result.exitCode !== 0 && isLockMessage(result.stderr);
    return isLocked && (await repair()) ? await run() : result;
  } catch (error) {
    if (failureReason(error) === 'LOCKED' && (await repair())) return await run();
    throw error;
  }
}

async function runGit(options: GitOptions, call: GitCall): Promise<GitResult> {
  call.signal?.throwIfAborted();
  const child = spawn(options.program ?? 'git', argumentsOf(call), {
    cwd: call.workTree ?? '/',
    env: environmentOf(options.environment ?? {}, call),
    // The fourth is where git's credential helper reads.
    stdio: ['pipe', 'pipe', 'pipe', call.credential === undefined ? 'ignore' : 'pipe'],
    // A group of its own, so that its helpers (upload-pack, index-pack) die with it.
    detached: true,
    ...(call.asTreeOwner ? options.treeOwner : undefined),
  });
  const result = await collect(child, call);
  if (!(call.okExitCodes ?? [0]).includes(result.exitCode) && !result.truncated)
    throw gitFailure(call.command, result.exitCode, result.stderr);
  return result;
}

function argumentsOf(call: GitCall): string[] {
  const operands = call.operands ?? [];
  checkOperands(call.command, operands);
  const guarded = operands.length > 0 && TAKES_END_OF_OPTIONS[call.command];
  return [
    ...hardenedConfig(call.transport ?? 'none'),
    ...[...(call.credential ? credentialSettings(call.credential.url) : []), ...(call.config ?? [])].flatMap(
      (setting) => ['-c', setting],
    ),
    // check-ignore refuses the flag; its paths start with `./`, which is no magic.
    ...(call.command === 'check-ignore' ? [] : ['--literal-pathspecs']),
    call.command,
    ...(call.options ?? []),
    ...(guarded ? ['--end-of-options'] : []),
    ...operands,
    ...(call.paths === undefined ? [] : ['--', ...call.paths]),
  ];
}

function environmentOf(outer: Environment, call: GitCall): Record<string, string> {
  return {
    ...hardenedEnvironment(outer, call.transport ?? 'none'),
    GIT_DIR: call.gitDir,
    ...(call.workTree === undefined ? {} : { GIT_WORK_TREE: call.workTree }),
    ...(call.indexFile === undefined ? {} : { GIT_INDEX_FILE: call.indexFile }),
    ...identity('AUTHOR', call.author),
    ...identity('COMMITTER', call.committer),
  };
}

const identity = (role: 'AUTHOR' | 'COMMITTER', who: Identity | undefined): Record<string, string> =>
  who === undefined
    ? {}
    : {
        [`GIT_${role}_NAME`]: who.name,
        [`GIT_${role}_EMAIL`]: who.email,
        [`GIT_${role}_DATE`]: `@${who.atSeconds} +0000`,
      };

function collect(child: ChildProcess, call: GitCall): Promise<GitResult> {
  const cap = call.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
  const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    let outBytes = 0;
    let err = '';
    let truncated = false;
    let stopped: unknown;
    const stop = (reason: unknown): void => {
      stopped ??= reason;
      terminate(child);
    };
    const onAbort = (): void => stop(call.signal?.reason ?? new Failure('DeadlineExceeded', 'git was cancelled'));
    const timer = setTimeout(
      () => stop(new Failure('DeadlineExceeded', `git ${call.command} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    call.signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (truncated) return;
      const room = cap - outBytes;
      out.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      outBytes += Math.min(chunk.length, room);
      if (chunk.length <= room) return;
      truncated = true;
      if (call.onOverflow === 'truncate') terminate(child);
      else
        stop(
          new Failure('InvalidInput', `git ${call.command} answered more than ${cap} bytes`, { reason: 'TOO_LARGE' }),
        );
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (err.length < STDERR_BYTES) err += chunk.toString('utf8');
    });
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    child.on('error', (error) => settle(() => reject(spawnFailure(call.command, error))));
    child.on('close', (code, killedBy) =>
      settle(() => {
        if (stopped !== undefined) reject(stopped);
        else if (code === null && !truncated) reject(killedFailure(call.command, killedBy, err));
        else resolve({ stdout: Buffer.concat(out), stderr: err, exitCode: code ?? -1, truncated });
      }),
    );
    // A git that ends before it read everything closes the pipe; its exit code says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(call.input ?? '');
    offerCredential(child, call);
  });
}

/** A git that never asks leaves it unread in the pipe, which goes with the process. */
function offerCredential(child: ChildProcess, { credential }: GitCall): void {
  const helper = child.stdio[3];
  if (credential === undefined || !(helper instanceof Writable)) return;
  helper.on('error', () => undefined);
  helper.end(credentialAnswer(credential));
}

function terminate(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  const kill = setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_GRACE_MS);
  child.once('close', () => clearTimeout(kill));
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone already, which is what was asked for.
  }
}

const spawnFailure = (command: string, error: Error): Failure =>
  new Failure(
    'Unavailable',
    `git ${command} could not be started: ${firstWords(error.message)}`,
    { reason: 'SPAWN' },
    { cause: error },
  );

const killedFailure = (command: string, by: NodeJS.Signals | null, stderr: string): Failure =>
  new Failure('Unavailable', `git ${command} was killed by ${by ?? 'a signal'}: ${firstWords(stderr)}`, {
    reason: 'KILLED',
  });
