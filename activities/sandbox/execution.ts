import type { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import type { CommandCgroup } from './cgroup.js';
import type { CommandEnd } from './command.js';
import type { ServiceUser } from './etc-copy.js';
import { type Launched, launch } from './launch.js';
import { endOf, type LimitName, type SandboxLimits } from './limits.js';
import { type Captured, OutputKeeper } from './output.js';
import { descendantsOf, signalAll } from './process-tree.js';
import { exceededLimit, type Watched, watchCommand } from './watch.js';

export interface Execution {
  readonly argv: readonly string[];
  readonly user: ServiceUser | undefined;
  /** File of the seccomp program, when argv is bwrap's. */
  readonly filter: string | undefined;
  /** Takes the listening socket that argv sends over its channel. */
  readonly onListening: ((listening: Server) => void) | undefined;
  readonly stdin: string | Buffer;
  readonly limits: SandboxLimits;
  readonly keepBytes: number;
  readonly cgroup: CommandCgroup | undefined;
  readonly looksAtProcesses: boolean;
  /** Whether argv is bwrap's. */
  readonly isSandboxed: boolean;
  readonly directories: readonly string[];
  /** Between TERM and KILL when time is over or the caller stops. */
  readonly graceMs: number;
}

export interface Executed {
  readonly end: CommandEnd;
  readonly stdout: Captured;
  readonly stderr: Captured;
  /** What bwrap reported: the command's own exit code is in it exactly when the sandbox came up. */
  readonly report: string;
  /** The launcher itself died of a signal: ours, or one from outside. */
  readonly wasKilled: boolean;
}

const KILLED = 128 + 9;
const REPORT_BYTES = 4096;
const STRAY_GRACE_MS = 500;

/** Runs one launched command to its end. Every process of it is dead afterwards. @throws the signal's reason */
export const execute = async (execution: Execution, signal: AbortSignal | undefined): Promise<Executed> => {
  signal?.throwIfAborted();
  const { filter, onListening } = execution;
  const launched = await launch(execution.argv, execution.user, { filter, hasChannel: onListening !== undefined });
  if (onListening !== undefined) receiveListening(launched.child, onListening);
  const closed = new Promise<number | null>((resolve) => launched.child.once('close', resolve));
  const killer = new Killer(launched, execution);
  launched.child.once('exit', () => killer.endStrays());
  const over = new AbortController();
  const onAbort = (): void => killer.terminate();
  const timer = setTimeout(() => killer.terminate('time'), execution.limits.wallMs);
  signal?.addEventListener('abort', onAbort);
  try {
    const streams = keepOutput(launched, execution, () => killer.kill('output'));
    await execution.cgroup?.join(launched.pid);
    const watched: Watched = { ...execution, pid: launched.pid };
    watchCommand(watched, over.signal, (limit) => killer.kill(limit));
    launched.status.write('go\n');
    launched.stdin.end(execution.stdin);
    if (signal?.aborted) onAbort();
    const code = await closed;
    signal?.throwIfAborted();
    // A short bomb may end between two looks.
    const limit = killer.limit ?? (await exceededLimit(watched));
    return { end: endOf(code ?? KILLED, limit, execution.limits), wasKilled: code === null, ...streams() };
  } catch (error) {
    killer.kill();
    await closed;
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    over.abort();
  }
};

/**
 * The program at the other end ends when it is told, and the command begins. Hanging up instead would leave the child
 * without its `close` event.
 */
const receiveListening = (child: ChildProcess, onListening: (listening: Server) => void): void => {
  child.once('message', (_, handle) => {
    if (handle instanceof Server) onListening(handle);
    child.send('taken', () => undefined); // one that is dead needs no word
  });
};

const keepOutput = ({ stdout, stderr, status }: Launched, { limits, keepBytes }: Execution, onFlood: () => void) => {
  const out = new OutputKeeper(keepBytes);
  const err = new OutputKeeper(keepBytes);
  const report = new OutputKeeper(REPORT_BYTES);
  let bytes = 0;
  const keepIn = (keeper: OutputKeeper) => (chunk: Buffer) => {
    keeper.add(chunk);
    bytes += chunk.length;
    if (bytes > limits.outputBytes) onFlood();
  };
  stdout.on('data', keepIn(out));
  stderr.on('data', keepIn(err));
  status.on('data', (chunk: Buffer) => report.add(chunk));
  return () => ({
    stdout: out.captured(),
    stderr: err.captured(),
    report: report.captured().head.toString('utf8'),
  });
};

/** Ends a command and everything it started. */
class Killer {
  limit: LimitName | undefined;
  private isDying = false;

  constructor(
    private readonly launched: Launched,
    private readonly execution: Execution,
  ) {}

  /** Asks every process to end, and kills what is left after the grace. */
  terminate(limit?: LimitName): void {
    if (this.isDying) return;
    this.isDying = true;
    this.limit = limit;
    void this.signalTree('SIGTERM', []); // reading /proc does not fail
    const timer = setTimeout(() => this.kill(), this.execution.graceMs);
    this.launched.child.once('close', () => clearTimeout(timer));
  }

  /** bwrap takes its whole namespace with it. Without bwrap the tree is read first: orphans are found no more. */
  kill(limit?: LimitName): void {
    this.isDying = true;
    this.limit ??= limit;
    if (this.execution.isSandboxed) signalAll([this.launched.pid], 'SIGKILL');
    else void this.signalTree('SIGKILL', [this.launched.pid]); // reading /proc does not fail
  }

  /**
   * Without bwrap a stray may hold the pipes open for ever: it is asked, then killed, then no longer listened to.
   * Strays in sessions of their own die only where a cgroup knows them.
   */
  endStrays(): void {
    if (this.execution.isSandboxed) return;
    const { child, pid, stdout, stderr } = this.launched;
    signalAll([-pid], 'SIGTERM');
    const timer = setTimeout(() => {
      signalAll([-pid], 'SIGKILL');
      for (const stream of [stdout, stderr]) stream.destroy();
    }, STRAY_GRACE_MS);
    child.once('close', () => clearTimeout(timer));
  }

  private async signalTree(signal: NodeJS.Signals, also: readonly number[]): Promise<void> {
    signalAll([...also, ...(await descendantsOf(this.launched.pid))], signal);
  }
}
