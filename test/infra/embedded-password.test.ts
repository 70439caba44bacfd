import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Config, loadConfig } from '../../infra/config.js';
import { checkPostgres } from '../../infra/embedded/doctor/stores.js';
import { withLoneDatabase } from '../../infra/embedded/lone-database.js';
import { Stack } from '../../infra/embedded/stack.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { createLogger } from '../../infra/logging.js';
import { builtProgram } from '../support/built.js';
import { findTestCli } from '../support/temporal.js';

const SECRET = 'canary-of-another-password';
const PUT_BACK = 'Put back the one it was made with, or restore a backup into an empty home.';

let home: string;
let env: Record<string, string>;
let config: Config;
let file: string;
let right: string;
let stack: Stack | undefined;

const logger = createLogger({ name: 'test', level: 'silent' });
const say = (): void => {};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'password-'));
  chmodSync(home, 0o711);
  env = { PATH: process.env.PATH ?? '', MILLWRIGHT_HOME: home, MILLWRIGHT_TEMPORAL_CLI: await findTestCli() };
  config = loadConfig(env);
  file = config.layout.databasePasswordFile;
  stack = await Stack.start({ config, services: [], searchAttributes: [], say, logger });
  right = readFileSync(file, 'utf8');
});
beforeEach(() => {
  writeFileSync(file, right);
});
afterAll(async () => {
  await stack?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** As a person does, in a process of its own. */
const up = () => {
  const argv = [builtProgram('cli/main.js'), 'up'];
  const ended = spawnSync(process.execPath, argv, { env, encoding: 'utf8', timeout: 120_000 });
  return { status: ended.status, said: ended.stdout + ended.stderr };
};
const open = (): Promise<string> => withLoneDatabase({ config, say, logger }, async () => 'opened');

test('doctor names a password file that was overwritten while Millwright runs', async () => {
  expect(await checkPostgres(config)).toMatchObject({ ok: true, finding: 'the embedded server answers' });
  writeFileSync(file, SECRET);
  expect(await checkPostgres(config)).toEqual({
    name: 'postgres',
    ok: false,
    isRequired: true,
    finding: `PostgreSQL refuses the password in ${file}.`,
    remedy: PUT_BACK,
  });
  await stack?.stop();
  stack = undefined;
});

test('up and a backup end at once with the file and what to do, and nothing runs afterwards', async () => {
  writeFileSync(file, SECRET);
  const words = `PostgreSQL refuses the password in ${file}. ${PUT_BACK}`;
  const { status, said } = up();
  expect([status, said]).toEqual([1, expect.stringContaining(words)]);
  expect(said).toContain('Millwright did not start');
  expect(said).not.toContain(SECRET);
  expect(readStackFacts(config.layout)).toBeUndefined();
  await expect(open()).rejects.toMatchObject({ type: 'PermissionDenied', message: words });
});

test('while nothing runs doctor does not claim that the password fits', async () => {
  expect(await checkPostgres(config)).toMatchObject({
    ok: true,
    finding: expect.stringMatching(/^embedded, run as .*; whether its password fits is seen at the start$/),
  });
});

test.each([
  ['is empty', (): void => writeFileSync(file, '\n')],
  ['is gone', (): void => rmSync(file)],
])('a password file that %s is not replaced: no other would open the database', async (_, spoil) => {
  spoil();
  const words = `${file} holds no password. ${PUT_BACK}`;
  expect(up()).toEqual({ status: 1, said: expect.stringContaining(words) });
  await expect(open()).rejects.toMatchObject({ type: 'InvalidState', message: words });
  expect(await checkPostgres(config)).toMatchObject({ ok: false, finding: words });
  expect(existsSync(file) ? readFileSync(file, 'utf8').trim() : '').toBe('');
});

test('the password that was put back opens the database again', async () => {
  expect(await open()).toBe('opened');
});
