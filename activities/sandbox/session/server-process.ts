import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandCgroup } from '../cgroup.js';
import type { ServiceUser } from '../etc-copy.js';
import { type FrameKind, frameOf, frameReader, type ServerRequest } from '../exec-server/frames.js';
import { type Launched, launch } from '../launch.js';
import { capturedText, OutputKeeper } from '../output.js';
import { descendantsNow, isStopped, signalAll } from '../process-tree.js';

/** Longer frames than the server ever makes: whoever sends one has taken its place. */
const MAX_FRAME_BYTES = 1024 ** 2;
const READY_MS = 30_000;
const SAID_BYTES = 8192;
const STOP_MS = 10_000;

export interface ServerSurroundings {
  readonly user: ServiceUser | undefined;
  /** File of the seccomp program. */
  readonly filter: string | undefined;
  readonly cgroup: CommandCgroup | undefined;
}

export interface Listener {
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  readonly onEnd: (code: number) => void;
}

/**
 * One exec server in its sandbox. Between two requests every process of it is stopped, and there are no others: so
 * nothing that a command left, the server itself included if a command took it over, can touch the tree meanwhile.
 */
export class ServerProcess {
  /** Resolves when every process of the sandbox is dead. */
  readonly ended: Promise<void>;
  hasEnded = false;
  private residents: readonly number[] = [];
  private listener: Listener | undefined;
  private onReady: (() => void) | undefined;
  private readonly said = new OutputKeeper(SAID_BYTES);

  private constructor(
    private readonly launched: Launched,
    readonly cgroup: CommandCgroup | undefined,
  ) {
    this.ended = new Promise((resolve) => {
      launched.child.once('close', () => {
        this.hasEnded = true;
        resolve();
      });
    });
    const read = frameReader(MAX_FRAME_BYTES, (kind, payload) => this.take(kind, payload));
    launched.stdout.on('data', (chunk: Buffer) => {
      if (!read(chunk)) this.kill();
    });
    launched.stderr.on('data', (chunk: Buffer) => this.said.add(chunk));
    launched.status.resume();
  }

  /** Starts it and brings it to rest; undefined when it never came up, with the reason. @throws when it cannot be spawned */
  static async start(
    argv: readonly string[],
    { user, filter, cgroup }: ServerSurroundings,
  ): Promise<ServerProcess | { readonly why: string }> {
    const server = new ServerProcess(await launch(argv, user, { streams: 'sockets', filter }), cgroup);
    const ready = new Promise<boolean>((resolve) => {
      server.onReady = () => resolve(true);
    });
    const timer = setTimeout(() => server.kill(), READY_MS);
    try {
      await cgroup?.join(server.pid);
      server.launched.status.write('go\n');
      const isUp = await Promise.race([ready, server.ended.then(() => false)]);
      if (isUp) server.residents = descendantsNow(server.pid);
      if (isUp && (await server.rest())) return server;
      await server.close();
      return { why: capturedText(server.said.captured()).trim() };
    } catch (error) {
      await server.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.launched.pid;
  }

  /** Whether it stands as it was left. */
  isAtRest(): boolean {
    return !this.hasEnded && this.residents.every(isStopped) && this.isAlone();
  }

  /** One request at a time; the listener hears of this one only. */
  ask(request: ServerRequest, listener: Listener): void {
    this.listener = listener;
    this.send('c', JSON.stringify(request));
    signalAll(this.residents, 'SIGCONT');
  }

  /** Asks every process of the command to end. */
  terminate(): void {
    this.send('t', '');
  }

  /** Stops it. False: something else lives in there, or it does not obey; it must be closed. */
  async rest(): Promise<boolean> {
    this.listener = undefined;
    signalAll(this.residents, 'SIGSTOP');
    // A stopped process still has to be scheduled once, and one above its share of the processor waits for that.
    const givesUpAt = performance.now() + STOP_MS;
    while (!this.hasEnded && performance.now() < givesUpAt) {
      if (this.residents.every(isStopped)) return this.isAlone();
      await sleep(1);
    }
    return false;
  }

  /** bwrap takes its whole namespace with it. */
  kill(): void {
    if (!this.hasEnded) signalAll([this.pid], 'SIGKILL');
  }

  async close(): Promise<void> {
    this.kill();
    await this.ended;
    await this.cgroup?.destroy();
  }

  private isAlone(): boolean {
    const living = descendantsNow(this.pid);
    return living.length === this.residents.length && living.every((pid) => this.residents.includes(pid));
  }

  private send(kind: FrameKind, payload: string): void {
    this.launched.stdin.write(frameOf(kind, payload));
  }

  private take(kind: string, payload: Buffer): void {
    const { listener } = this;
    if (kind === 'r') this.onReady?.();
    else if (kind === 'o') listener?.onOutput('stdout', payload);
    else if (kind === 'e') listener?.onOutput('stderr', payload);
    else if (kind === 'x') listener?.onEnd(exitCodeOf(payload));
    else this.kill();
  }
}

/** What it says is data: a code that is none is a failed command. */
const exitCodeOf = (payload: Buffer): number => {
  try {
    const { code } = JSON.parse(payload.toString('utf8')) as { code?: unknown };
    if (typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255) return code;
  } catch {
    // Said below.
  }
  return 1;
};
