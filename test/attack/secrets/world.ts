import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody else's server, that keeps what it is sent. */
export class SecretsWorld {
  private constructor(
    private readonly server: Server,
    readonly url: string,
    readonly heard: string[],
  ) {}

  static async open(): Promise<SecretsWorld> {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(JSON.stringify([request.url, request.headers]));
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // It listens on a port.
    const { port } = server.address() as AddressInfo;
    return new SecretsWorld(server, `http://127.0.0.1:${port}`, heard);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
