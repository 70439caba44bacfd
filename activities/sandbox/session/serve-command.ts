import { createHash } from 'node:crypto';
import { Failure } from '../../../domain/failures.js';
import type { CommandEnd, SandboxCommand } from '../command.js';
import type { ServerRequest } from '../exec-server/frames.js';
import { endOf, type LimitName } from '../limits.js';
import { type Captured, OutputKeeper } from '../output.js';
import { exceededLimit, type Watched, watchCommand } from '../watch.js';
import type { ServerProcess } from './server-process.js';

export interface Served {
  readonly end: CommandEnd;
  readonly stdout: Captured;
  readonly stderr: Captured;
}

export interface ServeOptions {
  readonly keepBytes: number;
  readonly graceMs: number;
}

/**
 * Runs one command in a server that is at rest. When it ended by itself, the server is at rest again or closed; after
 * a limit or an abort it is closed. @throws Unavailable when something else ended the server, or the signal's reason
 */
export const serveCommand = async (
  server: ServerProcess,
  command: SandboxCommand,
  request: ServerRequest,
  { keepBytes, graceMs }: ServeOptions,
  signal: AbortSignal | undefined,
): Promise<Served> => {
  signal?.throwIfAborted();
  const { limits } = command;
  const kept = { stdout: new OutputKeeper(keepBytes), stderr: new OutputKeeper(keepBytes) };
  const over = new AbortController();
  let limit: LimitName | undefined;
  let grace: NodeJS.Timeout | undefined;
  const kill = (exceeded?: LimitName): void => {
    limit ??= exceeded;
    server.kill();
  };
  const terminate = (exceeded?: LimitName): void => {
    if (grace !== undefined) return;
    limit ??= exceeded;
    server.terminate();
    grace = setTimeout(() => server.kill(), graceMs);
  };
  const onAbort = (): void => terminate();
  const timer = setTimeout(() => terminate('time'), limits.wallMs);
  signal?.addEventListener('abort', onAbort);
  const watched: Watched = {
    pid: server.pid,
    limits,
    cgroup: server.cgroup,
    looksAtProcesses: server.cgroup === undefined,
    directories: command.isTreeReadOnly ? [] : [command.tree],
  };
  try {
    let bytes = 0;
    const ended = new Promise<number>((resolve) => {
      server.ask(request, {
        onOutput: (stream, chunk) => {
          kept[stream].add(chunk);
          bytes += chunk.length;
          if (bytes > limits.outputBytes) kill('output');
        },
        onEnd: resolve,
      });
    });
    watchCommand(watched, over.signal, kill);
    const code = await Promise.race([ended, server.ended.then(() => undefined)]);
    const isIrregular = limit !== undefined || signal?.aborted || code === undefined || !(await server.rest());
    // A short bomb may end between two looks.
    limit ??= await exceededLimit(watched);
    if (isIrregular || limit !== undefined) await server.close();
    signal?.throwIfAborted();
    if (code === undefined && limit === undefined) {
      throw new Failure('Unavailable', 'The sandbox was killed from outside.');
    }
    const end = endOf(code ?? 0, limit, limits);
    return { end, stdout: kept.stdout.captured(), stderr: kept.stderr.captured() };
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener('abort', onAbort);
    over.abort();
  }
};

/** Names the text of a module. */
export const moduleId = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
