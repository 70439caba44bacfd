import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { preparePostgresBinaries } from '../../infra/embedded/postgres-binaries.js';
import { initialiseCluster } from '../../infra/embedded/postgres-cluster.js';
import { embeddedDatabaseUrl, postgresArgv, probePostgres } from '../../infra/embedded/postgres-server.js';
import { waitForOwnerLock } from '../../infra/owner-lock.js';
import { type Migration, migrate, readMigrations } from '../../infra/pg/migrate.js';
import { createPools, type Pools } from '../../infra/pg/pools.js';
import { findProcess, isAlive, type ProcessIdentity } from '../../infra/process-identity.js';
import { until } from './until.js';

/** A migrated database of a test's own. Call `drop` in `afterAll` (or after each test that made one). */
export interface TestDatabase {
  readonly url: string;
  readonly pools: Pools;
  drop(): Promise<void>;
}

/** A fresh database with every migration applied, cloned from a template in some 50 ms. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const server = await sharedServer();
  const template = await migratedTemplate(server, await readMigrations());
  return cloneDatabase(server, template);
};

/** A fresh database without any table, for tests of the migrations themselves. */
export const createEmptyDatabase = async (): Promise<TestDatabase> => cloneDatabase(await sharedServer(), 'template0');

interface SharedServer {
  readonly port: number;
  readonly password: string;
  readonly holder: ProcessIdentity;
}

/** As root PostgreSQL runs as a user of its own. */
export const testDatabaseUid = process.getuid?.() === 0 ? 64_322 : undefined;

const root = join(tmpdir(), `millwright-test-${process.getuid?.() ?? 'user'}`);
const leases = join(root, 'leases');
const stateFile = join(root, 'state.json');
let shared: Promise<SharedServer> | undefined;

const sharedServer = (): Promise<SharedServer> => {
  shared ??= leaseServer();
  return shared;
};

const leaseServer = async (): Promise<SharedServer> => {
  mkdirSync(root, { recursive: true });
  chmodSync(root, 0o711);
  for (;;) {
    const lock = await waitForOwnerLock(join(root, 'server.lock'));
    try {
      const running = readState();
      if (running === undefined || !isAlive(running.holder)) return await startServer();
      if (lease()) {
        await until(() => answers(running));
        return running;
      }
    } finally {
      lock.release();
    }
    await sleep(50); // it is being stopped
  }
};

const readState = (): SharedServer | undefined =>
  existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as SharedServer) : undefined;

const lease = (): boolean => {
  try {
    writeFileSync(join(leases, String(process.pid)), '');
    return true;
  } catch {
    return false; // the directory is gone: the holder is stopping
  }
};

const answers = (server: SharedServer): Promise<boolean> =>
  probePostgres(embeddedDatabaseUrl({ ...server, database: 'postgres' })).then(
    () => true,
    () => false,
  );

const startServer = async (): Promise<SharedServer> => {
  for (const name of ['leases', 'leases.closing', 'data']) rmSync(join(root, name), { recursive: true, force: true });
  const runAs = testDatabaseUid;
  const directory = join(root, 'data');
  const password = randomBytes(16).toString('hex');
  const binaries = await preparePostgresBinaries({ cacheDirectory: join(root, 'cache'), runAs });
  await initialiseCluster({ binaries, directory, password, runAs });
  const port = await freePort();
  mkdirSync(leases);
  lease();
  // Durability has tests of its own, on servers of their own.
  const settings = ['fsync=off', 'synchronous_commit=off', 'max_connections=300', 'shared_buffers=64MB'];
  const argv = postgresArgv({ postgres: binaries.postgres, directory, port, settings });
  const request = JSON.stringify({ argv, runAs, root, idleMs: 15_000 });
  const holder = spawn(process.execPath, [join(import.meta.dirname, 'postgres-holder.mjs'), request], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '' },
  });
  holder.unref();
  const server = { port, password, holder: identify(holder.pid ?? 0) };
  writeFileSync(stateFile, JSON.stringify(server), { mode: 0o600 });
  await until(() => answers(server));
  return server;
};

const identify = (pid: number): ProcessIdentity => findProcess(pid) ?? { pid, startedAt: '' };

export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const migratedTemplate = async (server: SharedServer, migrations: readonly Migration[]): Promise<string> => {
  const digest = createHash('sha256').update(migrations.map(({ checksum }) => checksum).join());
  const name = `template_${digest.digest('hex').slice(0, 12)}`;
  await withMaintenance(server, async (client) => {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('template', 0))`);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    const draft = `${name}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft}`);
    await client.query(`CREATE DATABASE ${draft} TEMPLATE template0`);
    const databaseUrl = embeddedDatabaseUrl({ ...server, database: draft });
    await migrate({ databaseUrl, applicationName: 'test' }, migrations);
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  });
  return name;
};

const cloneDatabase = async (server: SharedServer, template: string): Promise<TestDatabase> => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withMaintenance(server, async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = embeddedDatabaseUrl({ ...server, database: name });
  const pools = createPools({ databaseUrl: url, applicationName: name });
  return {
    url,
    pools,
    drop: async () => {
      await pools.close();
      await withMaintenance(server, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      });
    },
  };
};

const withMaintenance = async (server: SharedServer, work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: embeddedDatabaseUrl({ ...server, database: 'postgres' }) });
  client.on('error', () => {}); // the awaited call reports it
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
};
