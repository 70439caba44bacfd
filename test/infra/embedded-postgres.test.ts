import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { locatePackage, preparePostgresBinaries } from '../../infra/embedded/postgres-binaries.js';
import { initialiseCluster } from '../../infra/embedded/postgres-cluster.js';
import {
  clearFormerPostmaster,
  embeddedDatabaseUrl,
  ensureDatabase,
  postgresArgv,
} from '../../infra/embedded/postgres-server.js';
import { SupervisedProcess } from '../../infra/embedded/supervised-process.js';
import { untilReady } from '../../infra/embedded/watch.js';
import { createLogger } from '../../infra/logging.js';
import { type Listener, listen } from '../../infra/pg/listen.js';
import { createPools, type Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { findProcess, ownIdentity } from '../../infra/process-identity.js';
import { freePort, testDatabaseUid as runAs } from '../support/postgres.js';
import { until } from '../support/until.js';

const PASSWORD = 'p@ss/word';
let home: string;
let directory: string;
let port: number;
let server: SupervisedProcess;
let pools: Pools;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'embedded-postgres-'));
  chmodSync(home, 0o711);
  directory = join(home, 'data');
  port = await freePort();
  const binaries = await preparePostgresBinaries({ cacheDirectory: join(home, 'cache'), runAs });
  await initialiseCluster({ binaries, directory, password: PASSWORD, runAs });
  server = new SupervisedProcess(
    {
      name: 'postgres',
      argv: postgresArgv({ postgres: binaries.postgres, directory, port }),
      env: { LC_ALL: 'C' },
      directory: home,
      runAs,
      deathSignal: 'SIGQUIT',
      logFile: join(home, 'postgres.log'),
      prepare: () => clearFormerPostmaster(directory),
      stopSignal: 'SIGINT',
      stopTimeoutMs: 20_000,
    },
    createLogger({ name: 'test', level: 'silent' }),
    () => {},
  );
  server.start();
  await untilReady(server, () => ensureDatabase({ port, password: PASSWORD }));
  const databaseUrl = embeddedDatabaseUrl({ port, password: PASSWORD });
  pools = createPools({ databaseUrl, applicationName: 'test' });
  await pools.writes.query({ text: 'CREATE TABLE acknowledged (id int PRIMARY KEY)' });
});

afterAll(async () => {
  await pools?.close();
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

test('every acknowledged row survives SIGKILL of the postmaster under writers, and the pools heal by themselves', async () => {
  const acknowledged: number[] = [];
  const refusals = new Set<string>();
  let isDone = false;
  let next = 0;
  const writer = async (): Promise<void> => {
    while (!isDone) {
      const id = next++;
      try {
        await withTransaction(pools.writes, (tx) =>
          tx.query({ name: 'insert', text: 'INSERT INTO acknowledged VALUES ($1)', values: [id] }),
        );
        acknowledged.push(id);
      } catch (error) {
        refusals.add(String((error as { type?: string }).type));
      }
    }
  };
  const writers = [writer(), writer(), writer(), writer()];
  for (const _ of ['once', 'twice']) {
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 100);
    process.kill(server.view.pid ?? 0, 'SIGKILL');
    await until(() => refusals.size > 0);
    const atOutage = acknowledged.length;
    await until(() => acknowledged.length > atOutage + 100);
  }
  isDone = true;
  await Promise.all(writers);
  const { rows } = await pools.reads.query<{ id: number }>({ text: 'SELECT id FROM acknowledged' });
  const stored = new Set(rows.map(({ id }) => id));
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  // An outage is told as one, so that callers repeat; nothing is unclassified.
  expect([...refusals]).toEqual(['Unavailable']);
});

test('a listener hears again after the server was killed, and is woken at once to look for what it missed', async () => {
  const heard: (string | undefined)[] = [];
  const options = { databaseUrl: embeddedDatabaseUrl({ port, password: PASSWORD }), applicationName: 'listener' };
  const listener: Listener = listen({
    ...options,
    channel: 'Some Channel',
    pollMs: 3_600_000,
    onWake: (payload) => void heard.push(payload),
  });
  const say = (text: string) =>
    pools.writes.query({ text: 'SELECT pg_notify($1, $2)', values: ['Some Channel', text] });
  await until(() => heard.length === 1);
  await say('before');
  await until(() => heard.length === 2);
  process.kill(server.view.pid ?? 0, 'SIGKILL');
  await until(() => heard.length === 3);
  await until(async () => {
    await say('after').catch(() => {}); // still restarting
    return heard.includes('after');
  });
  await listener.close();
  expect(heard.slice(0, 3)).toEqual([undefined, 'before', undefined]);
});

test('a listener that hears nothing polls', async () => {
  let wakes = 0;
  const listener = listen({
    databaseUrl: 'postgres://127.0.0.1:1/nobody',
    applicationName: 'poller',
    channel: 'x',
    pollMs: 20,
    onWake: () => {
      wakes++;
    },
  });
  await until(() => wakes >= 3);
  await listener.close();
});

test('a pid file whose number belongs to another program now does not keep PostgreSQL from starting', async () => {
  const other = join(home, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'postmaster.pid'), `${ownIdentity().pid}\n${other}\n`);
  await clearFormerPostmaster(other);
  expect(existsSync(join(other, 'postmaster.pid'))).toBe(false);
});

test('a postmaster that lost its owner is ended before the next one starts', async () => {
  const orphan = server.view.pid;
  await clearFormerPostmaster(directory);
  expect(findProcess(orphan ?? 0)).toBeUndefined();
  await untilReady(server, () => ensureDatabase({ port, password: PASSWORD }));
});

test('a start that was killed half-way leaves nothing that the next one trips over', async () => {
  const binaries = await preparePostgresBinaries({ cacheDirectory: join(home, 'cache'), runAs });
  const fresh = join(home, 'fresh');
  mkdirSync(join(`${fresh}.draft-1`, 'data/base'), { recursive: true });
  const request = { binaries, directory: fresh, password: PASSWORD, runAs };
  expect(await initialiseCluster(request)).toBe('created');
  expect(await initialiseCluster(request)).toBe('exists');
  expect(readdirSync(home).filter((name) => name.startsWith('fresh'))).toEqual(['fresh']);
});

test('programs below a private directory are copied to where PostgreSQL may run them, once for two starts', async () => {
  const hidden = join(home, 'hidden');
  cpSync(locatePackage(), join(hidden, 'package'), { recursive: true, verbatimSymlinks: true });
  chmodSync(hidden, 0o700);
  const request = { cacheDirectory: join(home, 'cache'), runAs: 64_399, packageDirectory: join(hidden, 'package') };
  const found = await Promise.all([preparePostgresBinaries(request), preparePostgresBinaries(request)]);
  expect(found[0]).toEqual(found[1]);
  expect(found[0].postgres.startsWith(request.cacheDirectory)).toBe(true);
  expect(execFileSync(found[0].postgres, ['--version'], { encoding: 'utf8' })).toMatch(/PostgreSQL/);
});
