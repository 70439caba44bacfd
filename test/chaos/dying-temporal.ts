// A Temporal CLI whose server loses its store when a file appears: from then on its health endpoint says SERVING, as the
// real one does, and every other call fails. Arguments: the real CLI, the file, then what the real CLI gets.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { launch } from '../../infra/embedded/launch.js';
import { TcpFaultProxy } from '../support/network/tcp-fault-proxy.js';
import { freePort } from '../support/postgres.js';
import { until } from '../support/until.js';

const [cli = '', trigger = '', ...args] = process.argv.slice(2);

/** `HealthCheckResponse { status: SERVING }`, framed. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

function answer(stream: ServerHttp2Stream, path: string): void {
  const isHealth = path === '/grpc.health.v1.Health/Check';
  const trailers = isHealth
    ? { 'grpc-status': '0' }
    : { 'grpc-status': '13', 'grpc-message': 'sql: database is closed' };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.on('error', () => {}); // a client that hangs up is its own business
  stream.end(isHealth ? SERVING : undefined);
}

async function serve(): Promise<void> {
  const given = args.find((arg) => arg.startsWith('--port='));
  const port = Number(given?.slice('--port='.length));
  const realPort = await freePort();
  const argv = [cli, ...args.map((arg) => (arg === given ? `--port=${realPort}` : arg))];
  const real = launch({ argv, env: process.env });
  void real.ended.then((end) => process.exit(end === 'exit 0' ? 0 : 1));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => real.kill(signal));
  const proxy = await TcpFaultProxy.start({ host: '127.0.0.1', port: realPort }, Math.random, port);
  await until(() => existsSync(trigger), { atMostMs: Number.POSITIVE_INFINITY });
  rmSync(trigger);
  await proxy.close();
  const server = createServer().listen(port, '127.0.0.1');
  server.on('stream', (stream, headers) => answer(stream, String(headers[':path'])));
  await once(server, 'close');
}

if (args[0] === 'server') await serve();
else process.exit(spawnSync(cli, args, { stdio: 'inherit' }).status ?? 1);
