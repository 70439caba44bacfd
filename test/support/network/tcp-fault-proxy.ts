import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type PassageFaults, passOn } from './passage.js';

/** What becomes of everything that passes from now on. Absent means untouched. */
export interface NetworkFaults extends PassageFaults {
  /** New connections are refused, and open ones cut. */
  readonly isCut?: true;
  /** Connections stay open and nothing comes any more, in either direction: for good, as after a lost route. */
  readonly isHalfOpen?: true;
  /** What is sent is delivered; the first byte of what comes back cuts the connection. */
  readonly dropsResponses?: true;
  /** An end of either side is passed on only so much later. */
  readonly closesAfterMs?: number;
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  /** Nothing passes any more, whatever is healed. */
  isDead: boolean;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Stands between two processes and does to their connections what networks do. */
export class TcpFaultProxy {
  private readonly wires = new Set<Wire>();
  private faults: NetworkFaults = {};

  private constructor(
    private readonly listener: Server,
    private readonly target: Endpoint,
    private readonly random: () => number,
  ) {
    listener.on('connection', (client) => this.accept(client));
  }

  /**
   * @param random seeded, for jitter and corruption
   * @param port default: a free one
   */
  static async start(target: Endpoint, random: () => number = Math.random, port = 0): Promise<TcpFaultProxy> {
    // An end of one side must not end the other by itself: that is what a slow close is about.
    const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpFaultProxy(listener, target, random);
  }

  get port(): number {
    const address = this.listener.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy is closed.');
    return address.port;
  }

  get openConnections(): number {
    return this.wires.size;
  }

  /** The address through this proxy: the same URL with another port. */
  urlOf(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href.replace(/\/$/, url.endsWith('/') ? '/' : '');
  }

  /** Replaces all faults. */
  set(faults: NetworkFaults): void {
    this.faults = faults;
    if (faults.isCut) this.cut();
    if (faults.isHalfOpen) for (const wire of this.wires) wire.isDead = true;
  }

  heal(): void {
    this.set({});
  }

  /** Ends every connection as a process that dies does. */
  cut(): void {
    for (const { client, server } of this.wires) for (const socket of [client, server]) socket.destroy();
  }

  /** Ends every connection with a reset, as a firewall does. */
  reset(): void {
    for (const { client, server } of this.wires) for (const socket of [client, server]) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.listener.close();
    this.cut();
    if (this.listener.listening) await once(this.listener, 'close');
  }

  private accept(client: Socket): void {
    if (this.faults.isCut) return void client.resetAndDestroy();
    const server = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    const wire: Wire = { client, server, isDead: this.faults.isHalfOpen === true };
    this.wires.add(wire);
    for (const socket of [client, server])
      socket
        .on('error', () => {}) // told by the close that follows
        .on('close', () => this.endOf(wire));
    const faults = (): NetworkFaults => this.faults;
    const isDead = (): boolean => wire.isDead;
    const { random } = this;
    passOn({ from: client, to: server, faults, random, isDead, onEnd: () => this.passEnd(server, wire) });
    passOn({
      from: server,
      to: client,
      faults,
      random,
      isDead,
      onBytes: () => {
        if (!this.faults.dropsResponses) return;
        client.resetAndDestroy();
        server.end();
      },
      onEnd: () => this.passEnd(client, wire),
    });
  }

  /** One side has said all it had to say. */
  private passEnd(other: Socket, wire: Wire): void {
    if (!wire.isDead) setTimeout(() => other.end(), this.faults.closesAfterMs ?? 0);
  }

  /** One side is gone, which the other side of a lost route is not told. */
  private endOf(wire: Wire): void {
    const { client, server, isDead } = wire;
    if (!isDead) for (const socket of [client, server]) socket.destroy();
    if (client.destroyed && server.destroyed) this.wires.delete(wire);
  }
}
