import * as net from 'node:net';

/**
 * Listens on one loopback port of the network namespace it was started in, gives the listening socket to the process
 * at the other end of its channel, and ends when that process says that it has it, or is gone.
 */
export function openListener(port: number): void {
  const server = net.createServer();
  server.on('error', (error) => {
    process.stderr.write(`The listener of the run could not be opened: ${error.message}\n`);
    process.exit(70);
  });
  process.on('message', () => process.exit(0));
  process.on('disconnect', () => process.exit(70));
  server.listen(port, '127.0.0.1', () => process.send?.('listening', server));
}
