import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../../infra/embedded/launch.js';
import { devServerArgv } from '../../infra/embedded/temporal-server.js';
import { connectTemporal, probeTemporal, type TemporalEndpoint } from '../../infra/temporal.js';
import { TcpFaultProxy } from '../support/network/tcp-fault-proxy.js';
import { createEmptyDatabase, freePort } from '../support/postgres.js';
import { findTestCli } from '../support/temporal.js';
import { until } from '../support/until.js';
import type { CaseRun } from './case.js';

export interface Proxied {
  readonly proxy: TcpFaultProxy;
  /** What an instance needs to come through the proxy. */
  readonly env: NodeJS.ProcessEnv;
}

/** A Temporal server that is not the instance's own, with a network between. */
export async function temporalThroughProxy(run: CaseRun): Promise<Proxied> {
  const directory = mkdtempSync(join(tmpdir(), 'millwright-outside-'));
  run.atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const [port, uiPort] = [await freePort(), await freePort()];
  const databaseFile = join(directory, 'temporal.db');
  const argv = devServerArgv({ cli: await findTestCli(), port, uiPort, databaseFile, namespace: 'default' });
  const server = launch({ argv, env: process.env });
  run.atEnd(async () => {
    server.kill('SIGTERM');
    await server.ended;
  });
  await until(() => answers({ address: `127.0.0.1:${port}`, namespace: 'default' }), { everyMs: 100 });
  const proxy = await proxyTo(run, `tcp://127.0.0.1:${port}`);
  return { proxy, env: { TEMPORAL_ADDRESS: `127.0.0.1:${proxy.port}` } };
}

const answers = async (endpoint: TemporalEndpoint): Promise<boolean> => {
  try {
    const engine = await connectTemporal(endpoint);
    await probeTemporal(engine).finally(() => engine.close());
    return true;
  } catch {
    return false; // not yet
  }
};

/** A database that is not the instance's own, with a network between. */
export async function postgresThroughProxy(run: CaseRun): Promise<Proxied> {
  const database = await createEmptyDatabase();
  run.atEnd(() => database.drop());
  const proxy = await proxyTo(run, database.url);
  return { proxy, env: { DATABASE_URL: proxy.urlOf(database.url) } };
}

/** @param url of what is behind the proxy */
export async function proxyTo(run: CaseRun, url: string): Promise<TcpFaultProxy> {
  const { hostname, port } = new URL(url);
  const proxy = await TcpFaultProxy.start({ host: hostname, port: Number(port) }, run.random);
  run.atEnd(() => proxy.close());
  return proxy;
}
