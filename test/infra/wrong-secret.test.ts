import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectApi } from '../../cli/api-client.js';
import { runCommandLine } from '../../cli/program.js';
import { builtProgram } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const SECRET = 'canary-of-a-wrong-password';
const before = { ...process.env };
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
  process.env = before;
  rmSync(home, { recursive: true, force: true });
  await database.drop();
});

const environment = (databaseUrl: string): NodeJS.ProcessEnv => ({
  ...before,
  MILLWRIGHT_HOME: home,
  DATABASE_URL: databaseUrl,
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  MILLWRIGHT_API_PORT: '1',
});

const REFUSED = 'The database refuses the user, the password or the name of a database that DATABASE_URL gives.';

test.each(['api/main.js', 'workers/main.js'])('%s ends with a word about a wrong password', (program) => {
  const ended = spawnSync(process.execPath, [builtProgram(program)], {
    env: environment(wrong),
    encoding: 'utf8',
    timeout: 60_000,
  });
  const said = ended.stdout + ended.stderr;
  expect(ended.status).toBe(1);
  const last = JSON.parse(said.trim().split('\n').at(-1) ?? '') as object; // a line of the log
  expect(last).toMatchObject({ type: 'PermissionDenied', details: { code: '28P01' } });
  expect(said).not.toContain(SECRET);
  expect(said).not.toMatch(/\n\s+at /);
});

test.each([
  ['password', (): string => wrong, 'password authentication failed'],
  ['name of a database', (): string => database.url.replace(/\/[^/]*$/, '/nowhere'), 'does not exist'],
])('up and doctor name a wrong %s, and repeat nothing secret', async (_, databaseUrl, reason) => {
  process.env = environment(databaseUrl());
  delete process.env.MILLWRIGHT_API_PORT;
  const run = async (command: string) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const exit = await runCommandLine([command], { version: '1', stdout, stderr, connect: connectApi });
    stdout.end();
    stderr.end();
    return { exit, said: (await text(stdout)) + (await text(stderr)) };
  };
  const doctor = await run('doctor');
  expect(doctor).toEqual({ exit: 1, said: expect.stringMatching(new RegExp(`FAIL +postgres: .*${reason}`)) });
  expect(doctor.said).toContain('Correct DATABASE_URL');
  expect(doctor.said).not.toContain(SECRET);
});

test('the failure is typed', async () => {
  const { createPools } = await import('../../infra/pg/pools.js');
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
