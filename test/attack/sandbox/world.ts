import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { CommandResult, SandboxCommand } from '../../../activities/sandbox/command.js';
import { capturedText } from '../../../activities/sandbox/output.js';
import { limits, SandboxHome } from '../../support/sandbox/home.js';

/** What must not be seen from inside, wherever it is kept on the host. */
export const CANARY = `canary-${process.pid}-of-the-host`;

/** A host full of what an agent would like to have. */
export class SandboxWorld {
  private serial = 0;

  private constructor(
    readonly home: SandboxHome,
    /** A tree of another run, with the canary in it. */
    readonly otherTree: string,
    /** Readable to all, so that only the walls of the sandbox stand before it. */
    readonly secretFile: string,
    readonly tcpPort: number,
    readonly udpPort: number,
    readonly abstractSocket: string,
    private readonly stop: readonly (() => void)[],
  ) {}

  static async open(): Promise<SandboxWorld> {
    process.env.MILLWRIGHT_ATTACK_CANARY = CANARY;
    const home = await SandboxHome.open();
    const secretFile = join(home.directory, 'secret');
    await writeFile(secretFile, CANARY, { mode: 0o644 });
    await chmod(secretFile, 0o644);
    await mkdir(join(home.directory, 'mirror'));
    await writeFile(join(home.directory, 'mirror/config'), CANARY);
    const otherTree = await home.tree({ 'other.txt': CANARY });
    const tcp = await listening(0, '127.0.0.1');
    const abstractSocket = `\0millwright-attack-${process.pid}`;
    const local = await listening(abstractSocket);
    const udp = createSocket('udp4').on('message', (_, from) => udp.send(CANARY, from.port, from.address));
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    // A process of the host whose arguments and environment hold the canary.
    const neighbour = spawn('sleep', ['1000'], { argv0: CANARY, env: { CANARY } });
    const queue = /\d+/.exec(spawnSync('ipcmk', ['-Q'], { encoding: 'utf8' }).stdout)?.[0];
    return new SandboxWorld(home, otherTree, secretFile, portOf(tcp), udp.address().port, abstractSocket, [
      () => tcp.close(),
      () => local.close(),
      () => udp.close(),
      () => neighbour.kill('SIGKILL'),
      () => void spawnSync('ipcrm', ['-q', queue ?? '']),
    ]);
  }

  /** One command, in a sandbox of its own or in a session's. */
  async run(script: string, changes: Partial<SandboxCommand> = {}): Promise<CommandResult> {
    const tree = changes.tree ?? (await this.home.tree());
    // As trees are: so that nothing but the walls stands before another user.
    await chmod(tree, 0o755);
    return this.home.sandbox.run({ argv: ['/bin/sh', '-c', script], limits: limits(), ...changes, tree });
  }

  newSession(): string {
    return `run/attack-${this.serial++}`;
  }

  async close(): Promise<void> {
    for (const stop of this.stop) stop();
    await this.home.remove();
  }
}

/** Standard output and error. */
export const said = ({ stdout, stderr }: CommandResult): string => `${capturedText(stdout)}${capturedText(stderr)}`;

const listening = (...where: [number, string] | [string]): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end(CANARY));
    server.on('error', reject);
    const ready = (): void => resolve(server);
    if (where.length === 2) server.listen(...where, ready);
    else server.listen(...where, ready);
  });

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
