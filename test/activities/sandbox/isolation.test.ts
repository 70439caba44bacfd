import { lstat, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CommandResult } from '../../../activities/sandbox/command.js';
import { capturedText } from '../../../activities/sandbox/output.js';
import { giveAway, SandboxHome, serviceUser, shell } from '../../support/sandbox/home.js';

let home: SandboxHome;
let server: Server;
let port: number;

beforeAll(async () => {
  process.env.MILLWRIGHT_TEST_CANARY = 'canary-of-the-worker';
  home = await SandboxHome.open();
  server = createServer((socket) => socket.end('reached'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});

afterAll(async () => {
  server.close();
  await home.remove();
});

const run = async (script: string, files: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
  home.sandbox.run(shell(await home.tree(files), script));

const lines = (result: CommandResult): readonly string[] => capturedText(result.stdout).trim().split('\n');

test('a command runs as an ordinary user without capabilities, in namespaces of its own', async () => {
  const result = await run(
    'id -u; grep -E "^(CapEff|CapBnd|NoNewPrivs):" /proc/self/status | tr -d "\\t "; readlink /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/mnt /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/user',
  );
  const [uid, ...rest] = lines(result);
  expect(uid).toBe(String(serviceUser?.uid ?? process.getuid?.()));
  expect(rest.slice(0, 3).sort()).toEqual(['CapBnd:0000000000000000', 'CapEff:0000000000000000', 'NoNewPrivs:1']);
  const own = await Promise.all(
    ['pid', 'net', 'mnt', 'ipc', 'uts', 'user'].map(
      async (name) => `${name}:${(await lstat(`/proc/self/ns/${name}`)).ino}`,
    ),
  );
  for (const namespace of rest.slice(3)) expect(own.join()).not.toContain(/\d+/.exec(namespace)?.[0]);
});

test('the environment is an allow-list', async () => {
  const result = await run(
    'env | cut -d= -f1 | sort | tr "\\n" " "; cat /proc/*/environ | tr "\\0" "\\n" | grep -c canary',
  );
  expect(lines(result)).toEqual(['HOME LANG PATH PWD TMPDIR USER 0']);
});

test('nothing of the host is readable but the toolchains', async () => {
  const secret = join(home.directory, 'secret');
  await writeFile(secret, 'canary', { mode: 0o644 });
  const other = await home.tree({ 'other.txt': 'canary' });
  const paths = [
    secret,
    `${other}/other.txt`,
    '/etc/shadow',
    '/root',
    '/home',
    '/var',
    process.cwd(),
    '/proc/1/root/etc/shadow',
    '/proc/1/cwd/../../root',
    '/sys',
    '/run',
    '/boot',
    '/opt',
  ];
  const result = await run(paths.map((path) => `cat ${path} 2>/dev/null; ls ${path} 2>/dev/null`).join(';'));
  expect(capturedText(result.stdout)).toBe('');
});

test('only the tree, the home directory and /tmp are writable', async () => {
  const result = await run(
    'for d in / /usr /etc /dev /bin /proc /proc/sys /lib /src /agent /tmp; do touch $d/x 2>/dev/null && echo $d; done',
  );
  expect(lines(result)).toEqual(['/src', '/agent', '/tmp']);
});

test('a read-only tree cannot be written', async () => {
  const tree = await home.tree({ 'a.txt': 'kept' });
  const result = await home.sandbox.run(
    shell(tree, 'echo changed > a.txt; touch b.txt; rm -f a.txt', { isTreeReadOnly: true }),
  );
  expect(result.end).not.toEqual({ kind: 'exited', code: 0 });
  expect(await readFile(join(tree, 'a.txt'), 'utf8')).toBe('kept');
});

test('there is no network, and none of the ports of the host are reachable', async () => {
  const script = `node -e "require('net').connect(${port},'127.0.0.1').on('data',d=>console.log(String(d))).on('error',e=>console.log(e.code))"; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '`;
  expect(lines(await run(script))).toEqual(['ECONNREFUSED', 'lo']);
});

test('a shared network reaches what the host reaches', async () => {
  const script = `node -e "require('net').connect(${port},'127.0.0.1').on('data',d=>console.log(String(d)))"`;
  expect(lines(await home.sandbox.run(shell(await home.tree(), script, { network: 'host' })))).toEqual(['reached']);
});

test('a link in the tree leads nowhere outside', async () => {
  const tree = await home.tree();
  const secret = join(home.directory, 'linked');
  await writeFile(secret, 'canary');
  await symlink(secret, join(tree, 'link'));
  await giveAway(tree).catch(() => undefined);
  const result = await home.sandbox.run(shell(tree, 'cat link'));
  expect(capturedText(result.stdout)).toBe('');
});

test('files that a command writes belong to the service user', async () => {
  const tree = await home.tree();
  await home.sandbox.run(shell(tree, 'echo x > made'));
  expect((await lstat(join(tree, 'made'))).uid).toBe(serviceUser?.uid ?? process.getuid?.());
});

test('the streams can be opened by name, and stdin ends', async () => {
  const tree = await home.tree();
  const result = await home.sandbox.run(
    shell(tree, 'cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr', { stdin: 'in\n' }),
  );
  expect([capturedText(result.stdout), capturedText(result.stderr)]).toEqual(['in\nout\n', 'err\n']);
});

test('a namespace cannot be made inside', async () => {
  expect((await run('unshare -Ur true')).end).not.toEqual({ kind: 'exited', code: 0 });
});
