import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { loadConfig } from '../../infra/config.js';
import { isExecutable } from '../../infra/embedded/launch.js';
import { freePort } from '../../infra/embedded/ports.js';
import { connectTemporal, registerNamespaceAndSearchAttributes } from '../../infra/temporal.js';
import { until } from '../../test/support/until.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';

const NAMESPACE = 'default';
const SERVER = 'temporal-server';
const SQL_TOOL = 'temporal-sql-tool';
/** Of a small installation; the embedded server has one. */
const HISTORY_SHARDS = 4;
const STORES = { temporal: 'temporal', temporal_visibility: 'visibility' } as const;

const onPath = (program: string): string | undefined =>
  loadConfig()
    .searchPath.map((directory) => join(directory, program))
    .find(isExecutable);

/** Which of the server's programs are not on PATH. */
export const missingServerPrograms = (): readonly string[] =>
  [SERVER, SQL_TOOL].filter((program) => onPath(program) === undefined);

export interface TemporalOfBench {
  readonly environment: TestWorkflowEnvironment;
  stop(): Promise<void>;
}

/**
 * A Temporal server as a team runs it, all services in one process, with its stores in two databases of that PostgreSQL.
 * @param where `databaseUrl` of a user that may create databases
 */
export async function startTemporalOnPostgres(where: {
  readonly databaseUrl: string;
  readonly directory: string;
}): Promise<TemporalOfBench> {
  const postgres = new URL(where.databaseUrl);
  for (const [database, schema] of Object.entries(STORES)) await createStore(postgres, database, schema);
  const port = await writeConfig(postgres, where.directory);
  const server = spawn(
    onPath(SERVER) ?? SERVER,
    ['--root', where.directory, '--config', 'config', '--env', 'bench', 'start'],
    {
      stdio: 'ignore',
    },
  );
  // A bench that is interrupted leaves no server behind.
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(server, 'exit');
  const address = `127.0.0.1:${port}`;
  await until(() => prepareNamespace(address), { everyMs: 500, atMostMs: 120_000 });
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address, namespace: NAMESPACE });
  return {
    environment,
    stop: async () => {
      await environment.teardown();
      server.kill('SIGTERM');
      await ended;
      process.off('exit', kill);
    },
  };
}

async function createStore(postgres: URL, database: string, schema: string): Promise<void> {
  const tool = onPath(SQL_TOOL) ?? SQL_TOOL;
  const run = promisify(execFile);
  const env = {
    SQL_PLUGIN: 'postgres12',
    SQL_HOST: postgres.hostname,
    SQL_PORT: postgres.port,
    SQL_USER: postgres.username,
    SQL_PASSWORD: postgres.password,
    SQL_DATABASE: database,
  };
  await run(tool, ['create-database'], { env });
  await run(tool, ['setup-schema', '--version', '0.0'], { env });
  await run(tool, ['update-schema', '--schema-name', `postgresql/v12/${schema}`], { env });
}

/** JSON is YAML. @returns the frontend's port */
async function writeConfig(postgres: URL, directory: string): Promise<number> {
  const taken = new Set<number>();
  // Low ones: the server keeps them as 16 bits with a sign.
  for (let at = 0; at < 8; at++) taken.add(await freePort(taken));
  const ports = [...taken];
  const service = (at: number) => ({
    rpc: { grpcPort: ports[at], membershipPort: ports[at + 4], bindOnIP: '127.0.0.1' },
  });
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: postgres.host,
      connectProtocol: 'tcp',
      user: postgres.username,
      password: postgres.password,
      maxConns,
      maxIdleConns: maxConns,
    },
  });
  const [frontend = 0] = ports;
  const address = `127.0.0.1:${frontend}`;
  const config = {
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: { default: store('temporal', 20), visibility: store('temporal_visibility', 10) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: { frontend: service(0), matching: service(1), history: service(2), worker: service(3) },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: address },
  };
  mkdirSync(join(directory, 'config'));
  writeFileSync(join(directory, 'config', 'bench.yaml'), JSON.stringify(config));
  return frontend;
}

async function prepareNamespace(address: string): Promise<boolean> {
  try {
    const temporal = await connectTemporal({ address, namespace: NAMESPACE });
    try {
      await registerNamespaceAndSearchAttributes(temporal.connection, NAMESPACE, Object.values(SEARCH_ATTRIBUTE));
    } finally {
      await temporal.close();
    }
    return true;
  } catch {
    return false; // not up yet
  }
}
