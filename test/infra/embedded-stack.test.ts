import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { loadConfig } from '../../infra/config.js';
import { stopStack } from '../../infra/embedded/lifecycle.js';
import { embeddedDatabaseUrl } from '../../infra/embedded/postgres-server.js';
import { Stack } from '../../infra/embedded/stack.js';
import { readStackFacts, type StackFacts } from '../../infra/embedded/stack-file.js';
import { stackStatus } from '../../infra/embedded/status.js';
import { createLogger } from '../../infra/logging.js';
import { findProcess } from '../../infra/process-identity.js';
import { connectTemporal } from '../../infra/temporal.js';
import { compileFolders } from '../support/compiled.js';
import { findTestCli } from '../support/temporal.js';
import { until } from '../support/until.js';

const API = `
  require('node:http').createServer((_, answer) => answer.end('ok'))
    .listen(Number(process.env.MILLWRIGHT_API_PORT), process.env.MILLWRIGHT_API_HOST);`;
const WORKER = `
  if (!process.env.DATABASE_URL || !process.env.TEMPORAL_ADDRESS) process.exit(1);
  setInterval(() => {}, 1000);`;

let home: string;
let compiled: ReturnType<typeof compileFolders>;
let supervisor: ChildProcess;
/** Of the stack before its worker was ready. */
let whileWaiting: StackFacts;
let env: Record<string, string>;

/** The supervisor runs outside jest, because it is killed. */
const startSupervisor = (): ChildProcess =>
  spawn(process.execPath, [join(compiled.directory, 'up.js')], { env, stdio: ['ignore', 'ignore', 'inherit'] });

const facts = (): StackFacts => {
  const found = readStackFacts(loadConfig(env).layout);
  if (found === undefined) throw new Error('nothing runs');
  return found;
};
const isReady = (): boolean => {
  const found = readStackFacts(loadConfig(env).layout);
  return found?.phase === 'ready' && found.supervisor.pid === supervisor.pid;
};
const pidOf = (name: string): number => facts().processes.find((process) => process.name === name)?.pid ?? 0;
const allAnswer = async (): Promise<boolean> => {
  const status = await stackStatus(loadConfig(env));
  return status.kind === 'up' && status.answers.every(({ ok }) => ok);
};

/** How often the supervisor has asked whether the worker is ready, and under which process id. */
const looksAtWorker = (): { readonly times: number; readonly pid: number } => {
  const file = join(home, 'looks');
  const [times = 0, pid = 0] = existsSync(file) ? readFileSync(file, 'utf8').split(' ').map(Number) : [];
  return { times, pid };
};

/** The stack's database, with a client of its own each time: the server is killed in between. */
const sql = async (text: string): Promise<unknown[]> => {
  const { layout } = loadConfig(env);
  const { postgres: port } = JSON.parse(readFileSync(layout.portsFile, 'utf8'));
  const password = readFileSync(layout.databasePasswordFile, 'utf8');
  const client = new pg.Client({ connectionString: embeddedDatabaseUrl({ port, password }) });
  client.on('error', () => {}); // a killed server; the query reports it
  try {
    await client.connect();
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'stack-'));
  chmodSync(home, 0o711);
  compiled = compileFolders('stack', ['infra', 'domain/failures.ts']);
  env = { PATH: process.env.PATH ?? '', MILLWRIGHT_HOME: home, MILLWRIGHT_TEMPORAL_CLI: await findTestCli() };
  const node = JSON.stringify(process.execPath);
  writeFileSync(
    join(compiled.directory, 'up.js'),
    `
    import { existsSync, writeFileSync } from 'node:fs';
    import { loadConfig } from './infra/config.js';
    import { runStackUntilSignal } from './infra/embedded/lifecycle.js';
    import { createLogger } from './infra/logging.js';
    let looks = 0;
    const polls = async ({ pid }) => {
      writeFileSync('${join(home, 'looks')}', [++looks, pid].join(' '));
      if (!existsSync('${join(home, 'polls')}')) throw new Error('it does not poll');
    };
    const never = async () => { throw new Error('it never will'); };
    const answers = async ({ apiUrl }) => { await fetch(apiUrl + '/api/v1/health/ready'); };
    await runStackUntilSignal({
      config: loadConfig(),
      services: [
        { name: 'api', kind: 'api', argv: [${node}, '-e', ${JSON.stringify(API)}], isReady: answers },
        { name: 'worker', kind: 'worker', argv: [${node}, '-e', ${JSON.stringify(WORKER)}], isReady: polls },
        { name: 'laggard', kind: 'worker', argv: [${node}, '-e', ${JSON.stringify(WORKER)}], isReady: never, lateAfterMs: 300 },
      ],
      searchAttributes: [{ name: 'TestColour', type: 'KEYWORD' }],
      say: console.log,
      logger: createLogger({ name: 'up', level: 'silent' }),
      probeEveryMs: 300,
    });`,
  );
  supervisor = startSupervisor();
  await until(() => looksAtWorker().times >= 3);
  whileWaiting = facts();
  writeFileSync(join(home, 'polls'), '');
  await until(isReady);
});

afterAll(async () => {
  await stopStack(loadConfig(env).layout);
  compiled.rm();
  rmSync(home, { recursive: true, force: true });
});

test('a stack is ready when its worker is, and one service that is late does not keep it', () => {
  expect(whileWaiting.phase).toBe('starting');
  expect(looksAtWorker().pid).toBe(whileWaiting.processes.find(({ name }) => name === 'worker')?.pid);
  expect(facts().phase).toBe('ready');
});

test('a started stack answers at every part and keeps its secrets to itself', async () => {
  const status = await stackStatus(loadConfig(env));
  expect(status).toMatchObject({
    kind: 'up',
    answers: [
      { name: 'postgres', ok: true },
      { name: 'temporal', ok: true },
      { name: 'api', ok: true },
    ],
  });
  expect(facts().processes.map(({ name, state }) => [name, state])).toEqual([
    ['postgres', 'running'],
    ['temporal', 'running'],
    ['api', 'running'],
    ['worker', 'running'],
    ['laggard', 'running'],
  ]);
  const { layout } = loadConfig(env);
  const mode = (path: string): number => statSync(path).mode & 0o777;
  expect([home, layout.secrets, layout.state, layout.logs, layout.databasePasswordFile].map(mode)).toEqual([
    0o711, 0o700, 0o700, 0o700, 0o600,
  ]);
  expect(await sql('SELECT name FROM schema_migration WHERE version = 1')).toEqual([{ name: '0001_create_schema' }]);
});

test('a second start in the same home is refused and disturbs nothing', async () => {
  const second = Stack.start({
    config: loadConfig(env),
    services: [],
    searchAttributes: [],
    say: () => {},
    logger: createLogger({ name: 'second', level: 'silent' }),
  });
  await expect(second).rejects.toMatchObject({ type: 'Conflict', details: { pid: supervisor.pid ?? 0 } });
  expect(await allAnswer()).toBe(true);
});

test('whatever is killed comes back, with the rows and workflows that were acknowledged', async () => {
  await sql('CREATE TABLE kept (n int)');
  await sql('INSERT INTO kept VALUES (42)');
  const temporal = await connectTemporal({ address: facts().temporalAddress, namespace: 'default' });
  await temporal.client.workflow.start('anything', { workflowId: 'kept', taskQueue: 'nobody-polls' });
  for (const name of ['worker', 'api', 'postgres', 'temporal']) {
    const victim = pidOf(name);
    process.kill(victim, 'SIGKILL');
    await until(async () => ![0, victim].includes(pidOf(name)) && (await allAnswer()));
  }
  expect(await sql('SELECT n FROM kept')).toEqual([{ n: 42 }]);
  const described = await temporal.client.workflow.getHandle('kept').describe();
  expect(described.status.name).toBe('RUNNING');
  await temporal.close();
});

test('a Temporal server that lives and does not answer is replaced', async () => {
  const frozen = pidOf('temporal');
  process.kill(frozen, 'SIGSTOP');
  await until(() => ![0, frozen].includes(pidOf('temporal')));
  await until(allAnswer);
  expect(findProcess(frozen)).toBeUndefined();
});

test('when the supervisor is killed every child dies, and the next start finds ports and data again', async () => {
  const before = facts();
  const children = before.processes.map(({ pid }) => pid ?? 0);
  supervisor.kill('SIGKILL');
  await until(() => children.every((pid) => findProcess(pid) === undefined));
  expect(await stackStatus(loadConfig(env))).toEqual({ kind: 'down' });
  supervisor = startSupervisor();
  await until(isReady);
  const { apiUrl, temporalAddress, temporalUiUrl } = facts();
  expect({ apiUrl, temporalAddress, temporalUiUrl }).toEqual({
    apiUrl: before.apiUrl,
    temporalAddress: before.temporalAddress,
    temporalUiUrl: before.temporalUiUrl,
  });
  expect(await sql('SELECT n FROM kept')).toEqual([{ n: 42 }]);
});

test('down ends everything in order and leaves nothing running', async () => {
  const { layout } = loadConfig(env);
  const children = facts().processes.map(({ pid }) => pid ?? 0);
  expect(await stopStack(layout)).toBe('stopped');
  expect(children.filter((pid) => findProcess(pid) !== undefined)).toEqual([]);
  expect(await stackStatus(loadConfig(env))).toEqual({ kind: 'down' });
  expect(await stopStack(layout)).toBe('not-running');
});
