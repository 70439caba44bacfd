import { stat } from 'node:fs/promises';
import { Failure } from '../../../domain/failures.js';
import type { CommandCgroup } from '../cgroup.js';
import type { SandboxCommand } from '../command.js';
import { type CommandLines, directoryInside } from '../command-line.js';
import type { ServiceUser } from '../etc-copy.js';
import type { ServerRequest } from '../exec-server/frames.js';
import type { SandboxLimits } from '../limits.js';
import { whyUnreachable } from '../reach.js';
import { moduleId, type Served, type ServeOptions, serveCommand } from './serve-command.js';
import { ServerProcess } from './server-process.js';

export interface SessionDeps {
  readonly lines: CommandLines;
  readonly user: ServiceUser | undefined;
  readonly makeCgroup: (limits: SandboxLimits) => Promise<CommandCgroup | undefined>;
  /** A session without a command for this long ends. */
  readonly idleMs: number;
}

interface Session {
  readonly server: ServerProcess;
  /** What a command must have in common with the one that the sandbox was made for. */
  readonly shape: string;
  readonly tree: string;
  readonly modules: Set<string>;
  idle: NodeJS.Timeout | undefined;
}

/**
 * The sandboxes that stay between the commands of a run, one each. They are a shortcut and nothing more: one that is
 * gone, or does not fit the next command, is replaced.
 */
export class Sessions {
  private readonly open = new Map<string, Session>();
  private readonly last = new Map<string, Promise<unknown>>();

  constructor(private readonly deps: SessionDeps) {}

  /** @throws NeverStarted, Unavailable, or the signal's reason */
  run(name: string, command: SandboxCommand, options: ServeOptions, signal?: AbortSignal): Promise<Served> {
    return this.inTurn(name, async () => {
      signal?.throwIfAborted();
      const session = await this.sessionFor(name, command);
      clearTimeout(session.idle);
      try {
        return await serveCommand(session.server, command, this.requestOf(session, command), options, signal);
      } finally {
        if (session.server.hasEnded) await this.end(name);
        else
          session.idle = setTimeout(
            () => void this.inTurn(name, () => this.end(name, session)),
            this.deps.idleMs,
          ).unref();
      }
    });
  }

  async endOn(tree: string): Promise<void> {
    const names = [...this.open].filter(([, session]) => session.tree === tree).map(([name]) => name);
    await Promise.all(names.map((name) => this.inTurn(name, () => this.end(name))));
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.open.keys()].map((name) => this.end(name)));
  }

  private async sessionFor(name: string, command: SandboxCommand): Promise<Session> {
    const shape = await shapeOf(command);
    const found = this.open.get(name);
    if (found?.shape === shape && found.server.isAtRest()) return found;
    await this.end(name);
    // Whoever had the tree before is done with it.
    const others = [...this.open].filter(([other, { tree }]) => other !== name && tree === command.tree);
    for (const [other, session] of others) void this.inTurn(other, () => this.end(other, session));
    const session = await this.start(command, shape);
    this.open.set(name, session);
    return session;
  }

  private async start(command: SandboxCommand, shape: string): Promise<Session> {
    const { lines, user, makeCgroup } = this.deps;
    const cgroup = await makeCgroup(command.limits);
    const server = await ServerProcess.start(lines.server(command), { user, filter: lines.filter, cgroup }).catch(
      async (error: unknown) => {
        await cgroup?.destroy();
        throw error;
      },
    );
    if (server instanceof ServerProcess) {
      return { server, shape, tree: command.tree, modules: new Set(), idle: undefined };
    }
    const said = server.why || 'it was killed before it stood';
    const why = (await whyUnreachable([command.tree], user)) ?? said;
    throw new Failure('NeverStarted', `The sandbox could not be set up: ${why}`);
  }

  private requestOf(session: Session, command: SandboxCommand): ServerRequest {
    const stdin = Buffer.from(command.stdin ?? '');
    if (command.module !== undefined) {
      const id = moduleId(command.module);
      const text = session.modules.has(id) ? {} : { text: command.module };
      session.modules.add(id);
      return { kind: 'module', id, ...text, input: stdin.toString('utf8') };
    }
    const env = this.deps.lines.environment(command);
    return { kind: 'process', argv: command.argv, cwd: directoryInside(command), env, stdin: stdin.toString('base64') };
  }

  /** @param only nothing happens when another session has its place */
  private async end(name: string, only?: Session): Promise<void> {
    const session = this.open.get(name);
    if (session === undefined || (only !== undefined && session !== only)) return;
    this.open.delete(name);
    clearTimeout(session.idle);
    await session.server.close();
  }

  private async inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined); // the caller hears of it
    this.last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.last.get(name) === settled) this.last.delete(name);
    }
  }
}

/** The directory itself counts, not its name: a tree that was made anew at the same place is another one. */
const shapeOf = async (command: SandboxCommand): Promise<string> => {
  const { tree, isTreeReadOnly = false, network = 'none', readOnly = [], writable = [], limits } = command;
  const found = await stat(tree).catch(() => undefined); // the launch says that it is missing
  const { wallMs: _wallMs, outputBytes: _outputBytes, ...kept } = limits;
  return JSON.stringify([tree, found?.dev, found?.ino, isTreeReadOnly, network, readOnly, writable, kept]);
};
