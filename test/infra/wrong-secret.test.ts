import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadConfig } from '../../infra/config.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { createPools } from '../../infra/pg/pools.js';
import { builtProgram } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const SECRET = 'canary-of-a-wrong-password';
let database: TestDatabase;
let home: string;
let wrong: string;

beforeAll(async () => {
  database = await createTestDatabase();
  home = mkdtempSync(join(tmpdir(), 'wrong-secret-'));
  const url = new URL(database.url);
  url.password = SECRET;
  wrong = url.href;
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await database.drop();
});

const environment = (databaseUrl: string): NodeJS.ProcessEnv => ({
  ...process.env,
  MILLWRIGHT_HOME: home,
  DATABASE_URL: databaseUrl,
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  MILLWRIGHT_API_PORT: '1',
});

const REFUSED =
  'The database refuses the user, the password or the name of a database that DATABASE_URL gives, or, where it is embedded, the password in secrets/postgres.password.';

const end = (program: string, argv: readonly string[], env: NodeJS.ProcessEnv) => {
  const file = builtProgram(program);
  const ended = spawnSync(process.execPath, [file, ...argv], { env, encoding: 'utf8', timeout: 120_000 });
  return { exit: ended.status, said: ended.stdout + ended.stderr };
};

test.each(['api/main.js', 'workers/main.js'])('%s ends with a word about a wrong password', (program) => {
  const { exit, said } = end(program, [], environment(wrong));
  expect(exit).toBe(1);
  const last = JSON.parse(said.trim().split('\n').at(-1) ?? '') as object; // a line of the log
  expect(last).toMatchObject({ type: 'PermissionDenied', details: { code: '28P01' } });
  expect(said).not.toContain(SECRET);
  expect(said).not.toMatch(/\n\s+at /);
});

test.each([
  ['password', (): string => wrong, 'password authentication failed'],
  ['name of a database', (): string => database.url.replace(/\/[^/]*$/, '/nowhere'), 'does not exist'],
])('up and doctor name a wrong %s, and repeat nothing secret', async (_, databaseUrl, reason) => {
  const env = environment(databaseUrl());
  delete env.MILLWRIGHT_API_PORT;
  const up = end('cli/main.js', ['up'], env);
  expect(up).toEqual({ exit: 1, said: expect.stringContaining(`\n${REFUSED}\n`) });
  expect(readStackFacts(loadConfig(env).layout)).toBeUndefined();
  const doctor = end('cli/main.js', ['doctor'], env);
  expect(doctor).toEqual({ exit: 1, said: expect.stringMatching(new RegExp(`FAIL +postgres: .*${reason}`)) });
  expect(doctor.said).toContain('Correct DATABASE_URL');
  for (const { said } of [up, doctor]) {
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/\n\s+at /);
  }
});

test('the failure is typed', async () => {
  const pools = createPools({ databaseUrl: wrong, applicationName: 'wrong' });
  await expect(pools.reads.query({ text: 'SELECT 1' })).rejects.toMatchObject({
    type: 'Unavailable',
    message: REFUSED,
  });
  await expect(pools.writes.query({ text: 'SELECT 1' })).rejects.toMatchObject({
    type: 'Unavailable',
    message: REFUSED,
  });
  await pools.close();
});
