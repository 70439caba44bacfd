import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { prepareHostView } from '../../../activities/sandbox/host-view.js';
import { launcherArguments, SHELL } from '../../../activities/sandbox/launch.js';
import { bwrapArguments } from '../../../activities/sandbox/profile.js';
import { openSandbox } from '../../../activities/sandbox/run.js';
import { compileFolders } from '../../support/compiled.js';
import { processesWith } from '../../support/processes.js';
import { SandboxHome, serviceUser, shell } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';

let home: SandboxHome;
beforeAll(async () => {
  home = await SandboxHome.open();
});
afterAll(() => home.remove());

const hide = (marker: string): string =>
  `(setsid sh -c ': ${marker}; sleep 300' &); sh -c ': ${marker}; sleep 300' & : ${marker}; sleep 300`;

test('kill -9 of the launcher leaves no child, and says that nobody answered', async () => {
  const marker = `orphan-${process.pid}`;
  const running = home.sandbox.run(shell(await home.tree(), hide(marker)));
  const refused = expect(running).rejects.toMatchObject({ type: 'Unavailable' });
  await until(async () => (await processesWith(marker)).length >= 4);
  // The launcher is our child; pids say nothing, for they begin again.
  const family = await Promise.all(
    (await processesWith(marker)).map(async (pid) => [pid, await parentOf(pid)] as const),
  );
  const [launcher] = family.find(([, parent]) => parent === process.pid) ?? [];
  process.kill(launcher ?? 0, 'SIGKILL');
  await refused;
  await until(async () => (await processesWith(marker)).length === 0);
});

const parentOf = async (pid: number): Promise<number> =>
  Number(/^PPid:\s*(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0); // it ended

/** Starts a process that launches `script` in a sandbox as we do, with descriptors left open by its own parent. */
const startElsewhere = async (script: string): Promise<ChildProcess> => {
  const user = serviceUser ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  const host = await prepareHostView(home.settings.directory, [], user);
  const profile = {
    tree: await home.tree(),
    isTreeReadOnly: false,
    cwd: '.',
    env: {},
    network: 'none',
    hasListener: false,
    readOnly: [],
    writable: [],
    tmpBytes: 1 << 20,
  } as const;
  const argv = ['/usr/bin/bwrap', '--json-status-fd', '3', ...bwrapArguments(host, profile), '--', 'sh', '-c', script];
  const options = { cwd: '/', env: {}, detached: true, stdio: ['pipe', 'inherit', 'inherit', 'pipe'], ...serviceUser };
  const program = `
    const child = require('child_process').spawn(${JSON.stringify(SHELL)}, ${JSON.stringify(launcherArguments(argv))}, ${JSON.stringify(options)});
    child.stdio[3].write('go\\n');`;
  return spawn(SHELL, [
    '-c',
    'exec 9</etc/hostname 40</etc/hostname 212</etc/hostname; exec "$0" -e "$1"',
    process.execPath,
    program,
  ]);
};

test('the sandbox dies with the process that started it', async () => {
  const marker = `parentless-${process.pid}`;
  const parent = await startElsewhere(hide(marker));
  await until(async () => (await processesWith(marker)).length >= 4);
  parent.kill('SIGKILL');
  await until(async () => (await processesWith(marker)).length === 0);
});

test('a session dies with the process that opened it, at rest or at work', async () => {
  const { directory, rm } = compileFolders('session', ['activities/sandbox', 'infra', 'domain']);
  const marker = `worked-${process.pid}`;
  const [resting, working] = [await home.tree(), await home.tree()];
  const program = `
    const { openSandbox } = await import(${JSON.stringify(join(directory, 'activities/sandbox/run.js'))});
    const { hostLimits } = await import(${JSON.stringify(join(directory, 'activities/sandbox/limits.js'))});
    const sandbox = await openSandbox(${JSON.stringify(home.settings)});
    const run = (tree, script) => sandbox.run({ argv: ['sh', '-c', script], tree, session: tree, limits: hostLimits() });
    await run(${JSON.stringify(resting)}, 'true');
    await run(${JSON.stringify(working)}, ': ${marker}; setsid sleep 300 & sleep 300');`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const worker = `sh\0-c\0: ${marker}`;
  await until(async () => (await processesWith(worker)).length > 0);
  expect((await processesWith(`${resting}\0/src`)).length).toBeGreaterThan(0);
  parent.kill('SIGKILL');
  for (const sign of [`${resting}\0/src`, `${working}\0/src`, worker])
    await until(async () => (await processesWith(sign)).length === 0);
  rm();
});

test('what outlived its maker is ended when the next one opens', async () => {
  const own = (await readFile('/proc/self/cgroup', 'utf8')).split('\n').find((line) => line.includes(':memory:'));
  if (!home.sandbox.capsInForce.memory.endsWith('v1') || own === undefined) return;
  const dead = spawn('true');
  await new Promise((resolve) => dead.once('close', resolve));
  const group = join('/sys/fs/cgroup/memory', own.split(':')[2] ?? '', `millwright-${dead.pid}-1`);
  await mkdir(group);
  const orphan = spawn('sleep', ['300']);
  await writeFile(join(group, 'cgroup.procs'), String(orphan.pid));
  const ended = new Promise((resolve) => orphan.once('exit', (_, signal) => resolve(signal)));
  await openSandbox(home.settings);
  expect(await ended).toBe('SIGKILL');
  await expect(readdir(group)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('no descriptor above the three streams enters, however high it is', async () => {
  // Not in a pipeline: the shell would hold its ends for a moment.
  const parent = await startElsewhere('ls /proc/$$/fd; true');
  let seen = '';
  parent.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await new Promise((resolve) => parent.once('close', resolve));
  expect(seen).toBe('0\n1\n2\n');
});
