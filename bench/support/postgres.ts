import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { loadConfig } from '../../infra/config.js';
import { preparePostgresBinaries } from '../../infra/embedded/postgres-binaries.js';
import { initialiseCluster } from '../../infra/embedded/postgres-cluster.js';
import { embeddedDatabaseUrl, postgresArgv, probePostgres } from '../../infra/embedded/postgres-server.js';
import { migrate, readMigrations } from '../../infra/pg/migrate.js';
import { createPools } from '../../infra/pg/pools.js';
import { freePort, type TestDatabase, testDatabaseUid } from '../../test/support/postgres.js';
import { until } from '../../test/support/until.js';
import { scratchOnDisk } from './scratch.js';

/** A PostgreSQL of its own, as the embedded stack runs it: on a disk, every commit durable. */
export const startDurablePostgres = async (): Promise<TestDatabase & { readonly pid: number }> => {
  const scratch = scratchOnDisk();
  const runAs = testDatabaseUid;
  const binaries = await preparePostgresBinaries({ cacheDirectory: loadConfig().cacheDirectory, runAs });
  const directory = join(scratch.path, 'data');
  const password = 'bench';
  await initialiseCluster({ binaries, directory, password, runAs });
  const port = await freePort();
  const [program = '', ...args] = postgresArgv({ postgres: binaries.postgres, directory, port });
  const ids = runAs === undefined ? {} : { uid: runAs, gid: runAs };
  const server = spawn(program, args, { stdio: 'ignore', cwd: scratch.path, ...ids });
  // A bench that is interrupted leaves no server behind.
  const kill = (): void => void server.kill('SIGQUIT');
  process.once('exit', kill);
  const ended = once(server, 'exit');
  const databaseUrl = embeddedDatabaseUrl({ port, password, database: 'postgres' });
  await until(() =>
    probePostgres(databaseUrl).then(
      () => true,
      () => false,
    ),
  );
  const options = { databaseUrl, applicationName: 'bench' };
  await migrate(options, await readMigrations());
  const pools = createPools(options);
  return {
    url: databaseUrl,
    pid: server.pid ?? 0,
    pools,
    drop: async () => {
      await pools.close();
      server.kill('SIGINT');
      await ended;
      process.off('exit', kill);
      scratch.remove();
    },
  };
};
