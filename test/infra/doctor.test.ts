import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { loadConfig } from '../../infra/config.js';
import { examine } from '../../infra/embedded/doctor/doctor.js';
import { createTestTemporal } from '../support/temporal.js';

const root = mkdtempSync(join(tmpdir(), 'doctor-'));
chmodSync(root, 0o711);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const base = { PATH: process.env.PATH ?? '', XDG_CACHE_HOME: join(root, 'cache') };
const find = async (env: Record<string, string>, name: string) =>
  (await examine(() => loadConfig({ ...base, MILLWRIGHT_HOME: join(root, 'home'), ...env }))).find(
    (check) => check.name === name,
  );

test('every part is examined, and every check that fails says what to do', async () => {
  const checks = await examine(() => loadConfig({ ...base, MILLWRIGHT_HOME: join(root, 'home') }));
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const rows = page.slice(page.indexOf('\n## doctor\n')).match(/^\| `[^`]+`/gm) ?? [];
  expect(checks.map(({ name }) => name)).toEqual(rows.slice(0, checks.length).map((row) => row.slice(3, -1)));
  expect(checks.map(({ name }) => name)).toContain('sandbox');
  expect(checks.filter(({ ok, remedy }) => !ok && !remedy)).toEqual([]);
  expect(checks.find(({ name }) => name === 'postgres')).toMatchObject({ ok: true });
});

test('a configuration that cannot be read is the finding, and the rest is left for later', async () => {
  const check = await find({ MILLWRIGHT_API_PORT: 'x' }, 'configuration');
  expect(check).toMatchObject({ ok: false, finding: expect.stringContaining('MILLWRIGHT_API_PORT') });
});

test('without bubblewrap on the path the sandbox fails closed', async () => {
  expect(await find({ PATH: join(root, 'nothing') }, 'sandbox')).toMatchObject({ ok: false, isRequired: true });
});

test('a database that does not answer and a CLI that is none are said', async () => {
  expect(await find({ DATABASE_URL: 'postgres://127.0.0.1:1/x' }, 'postgres')).toMatchObject({ ok: false });
  expect(await find({ MILLWRIGHT_TEMPORAL_CLI: '/bin/false' }, 'temporal')).toMatchObject({ ok: false });
});

test('a Temporal server of their own may lack the namespace, which the start makes', async () => {
  const temporal = await createTestTemporal();
  try {
    const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'not-made-yet' };
    expect(await find(env, 'temporal')).toMatchObject({ ok: true, finding: expect.stringContaining('not-made-yet') });
  } finally {
    await temporal.teardown();
  }
});

test('a remembered port that a stranger took is said', async () => {
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const address = stranger.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const check = await find({ MILLWRIGHT_API_PORT: String(port) }, 'ports');
  stranger.close();
  expect(check).toMatchObject({ ok: false, finding: `port ${port} (api) is taken by another program` });
});

test('the program of an agent that is missing or cannot be run is named before any task fails of it', async () => {
  const home = join(root, 'with-agents');
  mkdirSync(home, { mode: 0o711 });
  const program = join(root, 'fix.sh');
  const agents = (argv: readonly string[], readOnly: readonly string[] = []) => {
    const agent = { name: 'fixer', role: 'worker', backend: 'command', argv, readOnly };
    writeFileSync(join(home, 'host.yml'), JSON.stringify({ agents: [agent] }));
    return find({ MILLWRIGHT_HOME: home }, 'host.yml');
  };
  const finding = (what: string) => ({ ok: false, isRequired: true, finding: what });
  expect(await agents([program])).toMatchObject(finding(`${program} of the agent fixer does not exist`));
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o644 });
  expect(await agents([program])).toMatchObject(finding(`${program} of the agent fixer is not executable`));
  chmodSync(program, 0o755);
  expect(await agents([program])).toMatchObject({ ok: true, finding: '1 agents, 0 toolchains, 0 prices' });
  const gone = join(root, 'gone');
  expect(await agents(['sh', '-c', 'true'], [gone])).toMatchObject(
    finding(`${gone} of the agent fixer does not exist`),
  );
  for (const word of ['sh', '/src/agent.sh']) expect(await agents([word])).toMatchObject({ ok: true });
});

// Only root starts things as another user, so only there can a directory be in the way.
(isRoot ? test : test.skip)('a directory that the service user cannot pass is named', async () => {
  const closed = join(root, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  writeFileSync(join(closed, 'keep'), '');
  const check = await find({ MILLWRIGHT_HOME: join(closed, 'home') }, 'home');
  expect(check).toMatchObject({ ok: false, finding: expect.stringContaining(closed) });
});

test('an API that is open to all and answers to no name, and a restore that was broken off, are said', async () => {
  const open = { MILLWRIGHT_API_HOST: '0.0.0.0' };
  expect(await find(open, 'api address')).toMatchObject({ ok: false, isRequired: false });
  expect(await find({ ...open, MILLWRIGHT_ALLOWED_HOSTS: 'factory.example' }, 'api address')).toMatchObject({
    ok: true,
  });
  const home = join(root, 'restored');
  mkdirSync(join(home, 'state'), { recursive: true });
  writeFileSync(join(home, 'state/restore.unfinished'), '');
  expect(await find({ MILLWRIGHT_HOME: home }, 'restore')).toMatchObject({
    ok: false,
    isRequired: true,
    remedy: expect.stringContaining('millwright restore'),
  });
});
