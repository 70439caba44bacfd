import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectApi } from '../../cli/api-client.js';
import { runCommandLine } from '../../cli/program.js';
import { loadConfig } from '../../infra/config.js';
import { checkPorts } from '../../infra/embedded/doctor/host.js';
import { makeInHome } from '../../infra/embedded/home.js';
import { choosePorts } from '../../infra/embedded/ports.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { ownIdentity } from '../../infra/process-identity.js';

const root = mkdtempSync(join(tmpdir(), 'broken-home-'));
chmodSync(root, 0o711);
const before = { ...process.env };
let home: string;
let stranger: Server;
let takenPort: number;

beforeAll(async () => {
  stranger = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => stranger.once('listening', resolve));
  const address = stranger.address();
  takenPort = typeof address === 'object' && address !== null ? address.port : 0;
});
beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
  for (const name of ['state', 'secrets', 'logs']) mkdirSync(join(home, name));
  process.env = { ...before, MILLWRIGHT_HOME: home, XDG_CACHE_HOME: join(root, 'cache') };
});
afterAll(() => {
  process.env = before;
  stranger.close();
  rmSync(root, { recursive: true, force: true });
});

const run = async (...argv: readonly string[]) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exit = await runCommandLine(argv, { version: '1', stdout, stderr, connect: connectApi });
  stdout.end();
  stderr.end();
  return { exit, stdout: await text(stdout), stderr: await text(stderr) };
};

/** Nothing was started and nothing was kept but what the test put there and the log of an attempt. */
const expectUntouched = (): void =>
  expect(readdirSync(join(home, 'state')).filter((name) => name === 'stack.json')).toEqual([]);

const HOST_FILES: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['a key nobody knows', 'agent: []', ':1:8: agent is not a known key (known: agents, toolchains, sandbox, prices).'],
  ['a wrong type', 'agents: yes', ':1:9: agents must be a list.'],
  ['a key twice', 'agents: []\nagents: []', ':2:1: the file repeats the key "agents".'],
  ['a tab', 'agents:\n\t- name: x', ':2:1: the file is not valid YAML: Tabs are not allowed as indentation.'],
  ['half a file', 'agents: [{name: x', 'the file is not valid YAML'],
  ['binary', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]), ':1:1: the file is not UTF-8 text.'],
  ['nesting without end', '['.repeat(100_000), ':1:51: the file is nested deeper than 50 levels.'],
  ['too much', `#${'x'.repeat(300_000)}`, ':1:1: the file is larger than 256 KiB.'],
  ['a bomb', 'toolchains: [&a /x, *a]', 'toolchains.1 must be written out: aliases are not read here.'],
];

test.each(HOST_FILES)('host.yml with %s stops up and doctor with a line to mend', async (_, content, sentence) => {
  const file = join(home, 'host.yml');
  writeFileSync(file, content);
  const [up, status, doctor] = [await run('up'), await run('status'), await run('doctor')];
  expect([up.exit, status.exit, doctor.exit]).toEqual([1, 1, 1]);
  for (const said of [up.stderr, status.stderr, doctor.stdout]) expect(said).toContain(sentence);
  expect(up.stderr).toMatch(new RegExp(`^${file}[^\n]*\n$`));
  expect(doctor.stdout).toContain('FAIL    configuration: ');
  expectUntouched();
});

test.each<[string, Record<string, string>, string]>([
  ['MILLWRIGHT_API_PORT', { MILLWRIGHT_API_PORT: '0' }, 'must be a whole number from 1 to 65535.'],
  [
    'DATABASE_URL',
    { DATABASE_URL: 'mysql://a:hunter22@b/c' },
    'must be a URL that starts with postgres:// or postgresql://.',
  ],
  ['TEMPORAL_ADDRESS', { TEMPORAL_ADDRESS: 'localhost' }, 'must be host:port.'],
  ['MILLWRIGHT_HOME', { MILLWRIGHT_HOME: 'here' }, 'must be an absolute path'],
  ['MILLWRIGHT_HOME', { MILLWRIGHT_HOME: '/proc/home' }, 'must not lie in /proc, /sys or /dev.'],
  ['MILLWRIGHT_LOG_LEVEL', { MILLWRIGHT_LOG_LEVEL: 'loud' }, 'must be one of trace, debug, info, warn, error, silent.'],
])('a wrong %s is refused by every command with its name, and its value is not repeated', async (name, env, rule) => {
  Object.assign(process.env, env);
  for (const argv of [['up'], ['down'], ['status'], ['epic', 'list']]) {
    const { exit, stderr } = await run(...argv);
    expect([exit, stderr]).toEqual([1, expect.stringContaining(`${name} ${rule}`)]);
    expect(stderr).not.toContain('hunter22');
  }
});

const DAMAGED = ['', '{', 'null', '[]', '"x"', '\0\0\0\0', '{"pid": -1, "startedAt": "x"}', '{"pid":'];

test.each(DAMAGED)('a lock file of %j is said with its remedy, and nobody is signalled', async (content) => {
  writeFileSync(join(home, 'state', 'up.lock'), content);
  const lock = loadConfig().layout.lockFile;
  writeFileSync(lock, content);
  for (const argv of [['status'], ['down'], ['up'], ['epic', 'list']]) {
    const { exit, stdout, stderr } = await run(...argv);
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`${lock} is damaged: remove it when no Millwright runs there.\n`);
  }
});

test.each(DAMAGED.slice(0, 6))('an account of what runs of %j is said with its remedy', async (content) => {
  const { lockFile, stackFile } = loadConfig().layout;
  writeFileSync(lockFile, JSON.stringify(ownIdentity()));
  writeFileSync(stackFile, content);
  for (const argv of [['status'], ['up'], ['epic', 'list']]) {
    const { exit, stderr } = await run(...argv);
    expect([exit, stderr]).toEqual([
      1,
      `${stackFile} is damaged: stop Millwright (millwright down) and start it again.\n`,
    ]);
  }
  writeFileSync(stackFile, '{"supervisor": null}');
  expect(readStackFacts(loadConfig().layout)).toBeUndefined();
});

test.each([
  ...DAMAGED.slice(0, 6),
  '{"api": 0, "postgres": 70000, "temporal": "x", "temporalUi": 1.5}',
  '{"api": -1, "postgres": null, "temporal": [], "temporalUi": 1e999}',
])('remembered ports of %j are chosen anew, and ports are ports', async (content) => {
  const file = join(home, 'state', 'ports.json');
  writeFileSync(file, content);
  const said: string[] = [];
  const ports = await choosePorts(file, (line) => said.push(line));
  for (const port of Object.values(ports)) expect(port).toBeGreaterThan(1024);
  expect(await choosePorts(file, () => {})).toEqual(ports);
  expect(await checkPorts(loadConfig())).toMatchObject({ ok: true, finding: 'free' });
});

test('a port that is taken, keys that others may read and a database that does not answer are findings', async () => {
  writeFileSync(join(home, 'secrets', 'admin.key'), 'mw_x\n', { mode: 0o644 });
  Object.assign(process.env, {
    MILLWRIGHT_API_PORT: String(takenPort),
    DATABASE_URL: 'postgres://u:hunter22@127.0.0.1:1/x',
  });
  const { exit, stdout } = await run('doctor');
  expect(exit).toBe(1);
  expect(stdout).toContain(`FAIL    ports: port ${takenPort} (api) is taken by another program`);
  expect(stdout).toContain(`FAIL    secrets: ${join(home, 'secrets', 'admin.key')} may be read by others`);
  expect(stdout).toMatch(/FAIL {4}postgres: .*\n +→ Correct DATABASE_URL/);
  expect(stdout).not.toContain('hunter22');
});

test('up says that the port it was given is taken before it starts anything', async () => {
  const address = { host: '127.0.0.1', port: takenPort };
  await expect(choosePorts(loadConfig().layout.portsFile, () => {}, address)).rejects.toMatchObject({
    type: 'Conflict',
    message: `The API cannot listen on 127.0.0.1:${takenPort}: another program does. Set MILLWRIGHT_API_PORT to a free port, or unset it.`,
  });
  await expect(
    choosePorts(loadConfig().layout.portsFile, () => {}, { host: '203.0.113.1', port: takenPort }),
  ).rejects.toThrow(`The API cannot listen on 203.0.113.1:${takenPort}: EADDRNOTAVAIL.`);
});

test.each([
  ['a file', () => writeFileSync(join(root, 'file'), ''), join(root, 'file')],
  ['below a file', () => writeFileSync(join(root, 'file'), ''), join(root, 'file', 'home')],
])('a home that is %s is refused by what is wrong with it', async (_, prepare, place) => {
  prepare();
  process.env.MILLWRIGHT_HOME = place;
  const { exit, stderr } = await run('up');
  expect([exit, stderr]).toEqual([1, `MILLWRIGHT_HOME must name a directory; ${join(root, 'file')} is none.\n`]);
});

test('a home that whoever starts it may not write is said with the directory and the remedy', () => {
  const place = join(root, 'closed');
  mkdirSync(place, { mode: 0o555 });
  const us = process.geteuid?.() ?? 0;
  const uid = us === 0 ? 65_534 : us;
  process.seteuid?.(uid);
  try {
    expect(() => makeInHome(join(place, 'home', 'logs'), 0o700)).toThrow(
      expect.objectContaining({
        type: 'PermissionDenied',
        message: expect.stringMatching(
          `^User ${uid} cannot write ${place}: EACCES.* Choose another MILLWRIGHT_HOME, or run this as its owner\\.$`,
        ),
      }),
    );
  } finally {
    process.seteuid?.(us);
  }
});

/** An instance that runs in the home, as far as the command line sees. */
function playInstance(apiUrl: string): void {
  const { lockFile, stackFile } = loadConfig().layout;
  const supervisor = ownIdentity();
  writeFileSync(lockFile, JSON.stringify(supervisor));
  writeFileSync(stackFile, JSON.stringify({ supervisor, apiUrl }));
}

test.each(['\0\u0001', 'two words', 'ключ', ''])('an admin key of %j is no key', async (key) => {
  const { adminKeyFile } = loadConfig().layout;
  writeFileSync(adminKeyFile, key === '' ? ' ' : key, { mode: 0o600 });
  playInstance('http://127.0.0.1:1');
  const { exit, stderr } = await run('epic', 'list');
  expect([exit, stderr]).toEqual([2, `${adminKeyFile} holds no API key: one begins with mw_ and is one word.\n`]);
});

test('the key of a home is sent to its own instance alone', async () => {
  writeFileSync(loadConfig().layout.adminKeyFile, 'mw_secret', { mode: 0o600 });
  const elsewhere = `http://127.0.0.1:${takenPort}`;
  process.env.MILLWRIGHT_API_URL = elsewhere;
  const refused = [2, `No API key for ${elsewhere}: set MILLWRIGHT_API_KEY to one of that instance.\n`];
  const asked = async () => Object.values(await run('epic', 'list')).filter((one) => one !== '');
  expect(await asked()).toEqual(refused);
  playInstance('http://127.0.0.1:1');
  expect(await asked()).toEqual(refused);
  process.env.MILLWRIGHT_API_URL = 'http://127.0.0.1:1/';
  expect(await asked()).toEqual([1, expect.stringContaining('does not answer at http://127.0.0.1:1')]);
});
