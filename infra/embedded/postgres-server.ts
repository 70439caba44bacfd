import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Failure } from '../../domain/failures.js';
import { errorCode } from '../errors.js';
import { findProcess } from '../process-identity.js';
import { DATABASE_NAME, DATABASE_USER } from './postgres-cluster.js';

/** SQLSTATE `cannot_connect_now`. */
const STARTING_UP = '57P03';

export interface ServerOptions {
  readonly postgres: string;
  readonly directory: string;
  readonly port: number;
  /** `name=value` settings on top of ours. */
  readonly settings?: readonly string[];
}

/** The command line of the server: loopback only, no socket file, durable commits. */
export const postgresArgv = ({ postgres, directory, port, settings = [] }: ServerOptions): readonly string[] => {
  const all = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
    'fsync=on',
    'full_page_writes=on',
    'log_min_messages=warning',
    ...settings,
  ];
  return [postgres, '-D', directory, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])];
};

export interface DatabaseAddress {
  readonly port: number;
  readonly password: string;
  readonly database?: string;
}

export const embeddedDatabaseUrl = ({ port, password, database = DATABASE_NAME }: DatabaseAddress): string =>
  `postgres://${DATABASE_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

/**
 * Makes way for a new postmaster. A pid file whose number now belongs to another program would keep PostgreSQL from
 * starting, so it is removed; a postmaster of this directory that is still alive has lost its owner and is ended.
 * Call it only while holding the lock of the data directory.
 */
export const clearFormerPostmaster = async (directory: string): Promise<void> => {
  const pidFile = join(directory, 'postmaster.pid');
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  if (!isPostmasterOf(pid, directory)) {
    rmSync(pidFile, { force: true });
    return;
  }
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    if (!kill(pid, signal)) return;
    for (let waitedMs = 0; waitedMs < 6_000; waitedMs += 50) {
      if (findProcess(pid) === undefined) return;
      await sleep(50);
    }
  }
  throw new Failure('Unavailable', `The former PostgreSQL (process ${pid}) of ${directory} cannot be ended.`);
};

const readPid = (pidFile: string): number | undefined => {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined; // no file: it ended cleanly, or never ran
  }
};

const isPostmasterOf = (pid: number, directory: string): boolean => {
  if (findProcess(pid) === undefined) return false;
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(directory);
  } catch {
    return false; // ended meanwhile
  }
};

const kill = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // ended meanwhile
  }
};

/** A real round trip on a connection of its own. @throws whatever kept it from answering within the deadline */
export const probePostgres = async (databaseUrl: string, deadlineMs = 5_000): Promise<void> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'millwright-probe',
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
  });
  client.on('error', () => {}); // the awaited call reports it
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
};

/** A server that says it is starting up is recovering, which may take its time: it must not be restarted for that. */
export const probePostgresLives = (databaseUrl: string): Promise<void> =>
  probePostgres(databaseUrl).catch((error: unknown) => {
    if (errorCode(error) !== STARTING_UP) throw error;
  });

/** Creates the database unless it exists; initdb makes only the maintenance ones. */
export const ensureDatabase = async (address: DatabaseAddress): Promise<void> => {
  const client = new pg.Client({ connectionString: embeddedDatabaseUrl({ ...address, database: 'postgres' }) });
  client.on('error', () => {}); // the awaited call reports it
  await client.connect();
  try {
    const name = address.database ?? DATABASE_NAME;
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
};
