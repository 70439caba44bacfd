import { type ChildProcess, spawn } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signalAll } from '../../../activities/sandbox/process-tree.js';
import { processesWith } from '../../support/processes.js';
import { limits, SandboxHome } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';
import type { Vector } from '../vector.js';
import { CANARY, type SandboxWorld } from './world.js';

const DIST = join(import.meta.dirname, '../../..');

/** A process of its own that opens a sandbox as a worker does. Without cgroups: the next worker ends what a dead one left in those. */
const maker = (world: SandboxWorld, tree: string, script: string, before = ''): ChildProcess => {
  const program = `
    const { openSandbox } = await import(${JSON.stringify(join(DIST, 'activities/sandbox/run.js'))});
    const { hostLimits } = await import(${JSON.stringify(join(DIST, 'activities/sandbox/limits.js'))});
    const sandbox = await openSandbox(${JSON.stringify({ ...world.home.settings, caps: 'watcher' })});
    const { stdout } = await sandbox.run({ argv: ['sh', '-c', ${JSON.stringify(script)}], tree: ${JSON.stringify(tree)}, limits: hostLimits() });
    process.stdout.write(stdout.head);`;
  const argv = ['-c', `${before} exec "$0" --input-type=module -e "$1"`, process.execPath, program];
  return spawn('/bin/bash', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
};

/** Those that do not end; ended by us then. */
const survivors = async (marker: string): Promise<number> => {
  const isGone = async (): Promise<boolean> => (await processesWith(marker)).length === 0;
  await until(isGone, { everyMs: 100, atMostMs: 10_000 }).catch(() => undefined);
  const left = await processesWith(marker);
  signalAll(left, 'SIGKILL');
  return left.length;
};

const HIDING = (marker: string): string =>
  `(setsid sh -c ': ${marker}; sleep 300' &); sh -c ': ${marker}; sleep 300' & : ${marker}; sleep 300`;

const killedMaker: Vector<SandboxWorld> = {
  name: 'outliving a killed worker',
  controls: ['sandbox.dies-with-worker'],
  run: async (world, tally) => {
    const marker = `outlives-${process.pid}`;
    const inside = `sh\0-c\0: ${marker}`;
    const worker = maker(world, await world.home.tree(), HIDING(marker));
    await until(async () => (await processesWith(inside)).length > 0);
    worker.kill('SIGKILL');
    const left = await survivors(inside);
    tally.count(left === 0 ? undefined : `${left} processes went on`);
  },
};

const killedLauncher: Vector<SandboxWorld> = {
  name: 'outliving the launcher of its sandbox',
  controls: [],
  run: async (world, tally) => {
    const marker = `unlaunched-${process.pid}`;
    const running = world.run(HIDING(marker)).catch(() => undefined);
    await until(async () => (await processesWith(marker)).length >= 4);
    const [launcher] = [...(await processesWith(marker))].sort((a, b) => a - b);
    signalAll([launcher ?? 0], 'SIGKILL');
    await running;
    const left = await survivors(marker);
    tally.count(left === 0 ? undefined : `${left} processes went on`);
  },
};

const descriptors: Vector<SandboxWorld> = {
  name: 'files that the worker has open',
  controls: ['sandbox.descriptors'],
  run: async (world, tally) => {
    const secret = world.secretFile;
    const worker = maker(
      world,
      await world.home.tree(),
      'for f in /proc/$$/fd/*; do [ $(basename $f) -gt 2 ] && timeout 1 cat $f; done 2>/dev/null; echo done',
      `exec 9<${secret} 40<${secret} 212<${secret};`,
    );
    let seen = '';
    worker.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
    });
    await new Promise((resolve) => worker.once('close', resolve));
    if (!seen.includes('done')) throw new Error(`the probe did not run: ${seen}`);
    tally.count(seen.includes(CANARY) ? 'it reads what the worker has open' : undefined);
  },
};

const hiddenProcess: Vector<SandboxWorld> = {
  name: 'working on after the command has ended',
  controls: ['sandbox.no-survivors'],
  run: async (world, tally) => {
    const tree = await world.home.tree();
    const session = world.newSession();
    const marker = `works-on-${process.pid}`;
    const late = `trap "" TERM HUP; : ${marker}; sleep 2; echo x > /src/late; sleep 60`;
    await world.run(`(setsid sh -c '${late}' > /dev/null 2>&1 &); sleep 0.2`, { tree, session });
    const isThere = (): Promise<boolean> =>
      access(join(tree, 'late')).then(
        () => true,
        () => false,
      );
    // A process that has ended writes nothing any more; one that goes on writes.
    await until(async () => (await processesWith(marker)).length === 0 || isThere());
    tally.count((await isThere()) ? 'it wrote into the tree afterwards' : undefined);
    signalAll(await processesWith(marker), 'SIGKILL');
  },
};

const otherRun: Vector<SandboxWorld> = {
  name: 'what another run left in its home and /tmp',
  controls: [],
  isSmoke: true,
  run: async (world, tally) => {
    const [one, other] = [world.newSession(), world.newSession()];
    await world.run(`echo ${CANARY} | tee /tmp/kept > ~/kept; echo ${CANARY} > /dev/shm/kept`, { session: one });
    const { stdout } = await world.run('cat /tmp/* ~/* /dev/shm/* 2>/dev/null; true', { session: other });
    tally.count(stdout.head.includes(CANARY) ? 'another run reads it' : undefined);
  },
};

const missingSandbox: Vector<SandboxWorld> = {
  name: 'a host without bubblewrap',
  controls: [],
  run: async (_, tally) => {
    const home = await SandboxHome.open({ bwrap: '/nonexistent/bwrap' });
    const tree = await home.tree();
    await writeFile(join(tree, 'probe'), '');
    for (const session of [undefined, 'run/without']) {
      const command = {
        argv: ['sh', '-c', 'echo ran'],
        tree,
        limits: limits(),
      };
      const outcome = await home.sandbox
        .run(session === undefined ? command : { ...command, session })
        .catch(() => undefined);
      tally.count(outcome === undefined ? undefined : 'the command ran without a sandbox');
    }
    await home.remove();
  },
};

export const LIFETIME: readonly Vector<SandboxWorld>[] = [
  ...[killedMaker, killedLauncher, descriptors, hiddenProcess, otherRun, missingSandbox],
];
