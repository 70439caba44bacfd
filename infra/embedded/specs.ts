import { join } from 'node:path';
import { type Config, type Environment, environmentFor } from '../config.js';
import type { TemporalClient } from '../temporal.js';
import { choosePassword, clusterDirectory, hasCluster, namingPassword, readPassword } from './database-password.js';
import type { Ports } from './ports.js';
import { type PostgresBinaries, preparePostgresBinaries } from './postgres-binaries.js';
import { initialiseCluster } from './postgres-cluster.js';
import { clearFormerPostmaster, embeddedDatabaseUrl, ensureDatabase, postgresArgv } from './postgres-server.js';
import type { Progress } from './progress.js';
import type { ProcessSpec } from './supervised-process.js';
import { devServerArgv } from './temporal-server.js';

export interface EmbeddedPostgres {
  readonly spec: ProcessSpec;
  readonly databaseUrl: string;
  /** Answers once the server does, with the database made. @throws PermissionDenied when it refuses our password */
  readonly open: () => Promise<void>;
}

/**
 * Makes the cluster ready to start, creating it the first time.
 * @throws InvalidState when there is a cluster, and nothing that could open it
 */
export const embedPostgres = async (config: Config, ports: Ports, say: Progress): Promise<EmbeddedPostgres> => {
  const { layout, users, cacheDirectory } = config;
  const directory = clusterDirectory(layout);
  const runAs = users?.databaseUid;
  choosePassword(layout);
  const password = readPassword(layout);
  if (!hasCluster(layout)) say('PostgreSQL: creating the database cluster (once; some seconds) …');
  const binaries: PostgresBinaries = await preparePostgresBinaries({ cacheDirectory, runAs });
  await initialiseCluster({ binaries, directory, password, runAs });
  const spec: ProcessSpec = {
    name: 'postgres',
    argv: postgresArgv({ postgres: binaries.postgres, directory, port: ports.postgres }),
    env: { ...environmentFor('tool'), LC_ALL: 'C' },
    directory: layout.postgres,
    runAs,
    // An immediate shutdown: the postmaster takes its backends along, and recovers at the next start.
    deathSignal: 'SIGQUIT',
    logFile: join(layout.logs, 'postgres.log'),
    prepare: () => clearFormerPostmaster(directory),
    stopSignal: 'SIGINT', // a fast shutdown: open transactions are rolled back, clients are not waited for
    stopTimeoutMs: 20_000,
  };
  const address = { port: ports.postgres, password };
  const open = (): Promise<void> => namingPassword(layout, () => ensureDatabase(address));
  return { spec, open, databaseUrl: embeddedDatabaseUrl(address) };
};

export const temporalSpec = ({ layout, temporal }: Config, cli: string, ports: Ports): ProcessSpec => ({
  name: 'temporal',
  argv: devServerArgv({
    cli,
    port: ports.temporal,
    uiPort: ports.temporalUi,
    databaseFile: join(layout.temporal, 'temporal.db'),
    namespace: temporal.namespace,
  }),
  env: environmentFor('tool'),
  directory: layout.temporal,
  logFile: join(layout.logs, 'temporal.log'),
  stopTimeoutMs: 10_000,
});

/** What a service that was started is asked through. */
export interface StartedService {
  readonly pid: number | undefined;
  readonly apiUrl: string;
  readonly temporal: TemporalClient;
}

/** A program of ours, API or worker. */
export interface ServiceCommand {
  readonly name: string;
  readonly argv: readonly string[];
  /** `worker` also gets the model's key. */
  readonly kind: 'api' | 'worker';
  /** On top of what the stack sets. */
  readonly env?: Environment;
  /** Throws until the service does what it is for. Absent: it is not waited for. */
  readonly isReady?: (at: StartedService) => Promise<void>;
  /** After so long the stack is ready without it, and says so: what it is for waits. Absent: nothing starts without it. */
  readonly lateAfterMs?: number;
}

export const serviceSpec = ({ layout }: Config, service: ServiceCommand, stackEnv: Environment): ProcessSpec => ({
  name: service.name,
  argv: service.argv,
  env: { ...environmentFor(service.kind), ...stackEnv, ...service.env },
  logFile: join(layout.logs, `${service.name}.log`),
  // Above the worker's grace of 30 s.
  stopTimeoutMs: 40_000,
});
