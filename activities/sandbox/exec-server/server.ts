import * as childProcess from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import { type FrameKind, frameOf, frameReader, type ServerRequest } from './frames.js';
import { closeAllBut, openFiles, openInput, openPipe, writeAll } from './pipes.js';

export type Send = (kind: FrameKind, payload: Uint8Array | string) => void;

/**
 * Runs commands, one at a time, for whoever holds its standard streams, and leaves no process of them behind. It is
 * started by bwrap in a pid namespace of its own and refuses to run anywhere else, because it signals every process.
 */
export function serve(pipes: string): void {
  if (process.ppid !== 1 || fs.readFileSync('/proc/1/comm', 'utf8') !== 'bwrap\n') process.exit(70);
  const names = ['out', 'err', 'in'].map((name) => `${pipes}/${name}`);
  childProcess.execFileSync('mkfifo', ['-m', '600', '--', ...names.slice(0, 2)]);
  const send: Send = (kind, payload) => writeAll(1, frameOf(kind, payload));
  const read = frameReader(64 * 1024 * 1024, (kind, payload) => {
    if (kind === 't') signalEveryone('SIGTERM');
    else answer(JSON.parse(payload.toString('utf8')) as ServerRequest, names, send);
  });
  process.stdin.on('data', (chunk: Buffer) => {
    if (!read(chunk)) process.exit(70);
  });
  process.stdin.on('end', () => process.exit(0));
  send('r', '');
}

export function answer(request: ServerRequest, pipes: readonly string[], send: Send): void {
  const end = (code: number) => send('x', JSON.stringify({ code }));
  // Neither rejects, and a server that cannot answer any more is of no use.
  void (request.kind === 'process' ? runProcess(request, pipes, send) : askModule(request, send)).then(end);
}

/** Everyone in the namespace but ourselves and its first process, which the kernel spares. */
export function signalEveryone(signal: NodeJS.Signals): void {
  try {
    process.kill(-1, signal);
  } catch {
    // Nobody else is there.
  }
}

/** Answers the exit code as a shell would, when every process has ended and all that they wrote was passed on. */
export function runProcess(
  request: Extract<ServerRequest, { kind: 'process' }>,
  [output = '', errors = '', input = '']: readonly string[],
  send: Send,
): Promise<number> {
  const stdin = openInput(input, request.stdin);
  const [stdout, stderr] = [openPipe(output), openPipe(errors)];
  const closed = [passOn(stdout.reader, 'o', send), passOn(stderr.reader, 'e', send)];
  const ended = new Promise<number>((resolve) => {
    const refuse = (error: Error & { code?: string }): void => {
      send('e', `${request.argv[0]}: ${error.message}\n`);
      resolve(error.code === 'ENOENT' ? 127 : 126);
    };
    try {
      const [program = '', ...args] = request.argv;
      const { cwd, env } = request;
      const stdio = [stdin, stdout.writer, stderr.writer];
      const child = childProcess.spawn(program, args, { cwd, env, stdio });
      child.on('error', refuse);
      child.on('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGKILL']));
    } catch (error) {
      refuse(error as Error);
    }
  });
  for (const file of [stdin, stdout.writer, stderr.writer]) fs.closeSync(file);
  return ended.then(async (code) => {
    signalEveryone('SIGKILL');
    await Promise.all(closed);
    return code;
  });
}

export function passOn(file: number, kind: FrameKind, send: Send): Promise<void> {
  const socket = new net.Socket({ fd: file, readable: true, writable: false });
  socket.on('data', (chunk: Buffer) => send(kind, chunk));
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

/** The module's `answer(input)` as output. It is loaded once; files that it leaves open are closed. */
export async function askModule(
  { id, text, input }: Extract<ServerRequest, { kind: 'module' }>,
  send: Send,
): Promise<number> {
  const loaded = globalThis as { modules?: Map<string, Promise<{ answer(input: string): string }>> };
  loaded.modules ??= new Map();
  if (text !== undefined)
    loaded.modules.set(id, import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`));
  try {
    const module = await loaded.modules.get(id);
    const open = openFiles();
    const said = Buffer.from(module?.answer(input) ?? '');
    closeAllBut(open);
    for (let at = 0; at < said.length; at += 65_536) send('o', said.subarray(at, at + 65_536));
    return 0;
  } catch (error) {
    send('e', String(error));
    return 1;
  }
}
