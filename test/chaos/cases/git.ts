import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsNow } from '../../../activities/sandbox/process-tree.js';
import { homeLayout } from '../../../infra/config/layout.js';
import { Trees } from '../../../infra/git/trees.js';
import { gitWorld } from '../../support/git/mirrors.js';
import { testGit } from '../../support/git/repositories.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { REPOSITORY, scenarioOf, WORKERS_THAT_MAY_FAIL } from '../scenario.js';
import { type Room, SmallDisk, whyNoMount } from '../small-disk.js';
import { ChaosWorld } from '../world.js';

const MOST_KILLS = 60;
const CHANCE = 0.2;

/** Kills one in five of the git processes that the worker starts, whatever they do. */
async function killGit(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(...WORKERS_THAT_MAY_FAIL) });
  await world.addProject();
  await world.fileEpic('a', 3);
  run.note('one in five processes of git is killed');
  const seen = new Set<number>();
  let kills = 0;
  let isOver = false;
  const killing = (async () => {
    for (; !isOver && kills < MOST_KILLS; await sleep(2)) {
      for (const pid of descendantsNow(world.instance.pidOf('worker'))) {
        if (seen.has(pid) || !isGit(pid)) continue;
        seen.add(pid);
        if (run.random() < CHANCE && wasKilled(pid)) kills++;
      }
    }
  })();
  await world.untilDone().finally(() => {
    isOver = true;
  });
  await killing;
  if (kills === 0) throw new Error('No process of git was ever killed.');
  requireSound(world);
  await world.verdict();
}

const isGit = (pid: number): boolean => {
  try {
    return /(^|\/)git(-[a-z-]+)?\n$/.test(readFileSync(`/proc/${pid}/comm`, 'latin1'));
  } catch {
    return false; // it ended by itself
  }
};

const wasKilled = (pid: number): boolean => {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false; // it ended by itself
  }
};

/** @throws naming what git's own check finds */
function requireSound({ instance: { layout } }: ChaosWorld): void {
  for (const root of [layout.mirrors, layout.forge])
    for (const name of readdirSync(root).filter((one) => one.endsWith('.git')))
      execFileSync('git', ['fsck', '--full', '--no-dangling'], { cwd: join(root, name), stdio: 'pipe' });
}

const BIG_FILE_BYTES = 3 * 1024 * 1024;

async function fillDisk(run: CaseRun): Promise<void> {
  const big = Array.from({ length: BIG_FILE_BYTES / 16 }, () => run.random().toString(36).padEnd(15, '0')).join('\n');
  const fillsUp = { becomes: 'size=9m', getsLater: ROOM } as const;
  await wantTrees(run, { files: { big }, has: ROOM, ...fillsUp });
}

/** Enough to begin work. */
const ROOM = 'size=1300m';

const MANY_FILES = 200;

async function useUpInodes(run: CaseRun): Promise<void> {
  const files = Object.fromEntries(Array.from({ length: MANY_FILES }, (_, at) => [`many-${at}`, `${at}\n`]));
  await wantTrees(run, { files, has: `nr_inodes=${2.5 * MANY_FILES}`, getsLater: `nr_inodes=${100 * MANY_FILES}` });
}

interface Shortage {
  readonly files: Readonly<Record<string, string>>;
  readonly has: Room;
  /** As soon as the first tree is begun: on a disk that was full before, no work begins. */
  readonly becomes?: Room;
  readonly getsLater: Room;
}

/** Four tasks want a tree each on a disk that has no room for so many. */
async function wantTrees(run: CaseRun, { files, has, becomes, getsLater }: Shortage): Promise<void> {
  const disk = new SmallDisk(run, has);
  const world = await ChaosWorld.open(run, {
    repository: { ...REPOSITORY, ...files },
    prepare: (directory) => disk.mount(homeLayout(join(directory, 'home')).trees),
  });
  run.atEnd(() => disk.unmount());
  await world.addProject();
  await world.fileEpic('a', 4);
  if (becomes) {
    const begun = () => ['transit', 'live'].flatMap((place) => readdirSync(join(disk.directory, place)));
    await until(() => begun().length > 0, { everyMs: 2, atMostMs: 120_000 });
    disk.grow(becomes);
  }
  run.note('the disk of the trees is full; after a while there is room again');
  await until(() => hasFilled(world), { everyMs: 100, atMostMs: 120_000 });
  await sleep(3_000 + run.random() * 5_000);
  disk.grow(getsLater);
  await world.verdict({ boughtAgain: 4 });
  requireSound(world);
}

/** Snapshots, commits and fetches write there: it fills up between any two of them. */
async function fillMirrors(run: CaseRun): Promise<void> {
  const disk = new SmallDisk(run, ROOM);
  const world = await ChaosWorld.open(run, {
    repository: REPOSITORY,
    prepare: (directory) => disk.mount(homeLayout(join(directory, 'home')).mirrors),
  });
  run.atEnd(() => disk.unmount());
  await world.addProject();
  await world.fileEpic('a', 4);
  for (let times = 1; times <= 2; times++) {
    await sleep(2_000 + run.random() * 6_000);
    run.note(`the disk of the mirrors is full, ${times} of 2`);
    disk.fillUp();
    await sleep(3_000 + run.random() * 5_000);
    disk.grow(ROOM);
  }
  await world.verdict({ boughtAgain: 4 });
  requireSound(world);
}

const hasFilled = ({ instance }: ChaosWorld): boolean =>
  /DISK_FULL|No space( is)? left|disk is full/i.test(readFileSync(join(instance.layout.logs, 'worker.log'), 'utf8'));

const TREES = 24;

async function manyTrees(run: CaseRun): Promise<void> {
  const world = await gitWorld();
  run.atEnd(() => world.remove());
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`src/${index}.txt`, `${index}\n`]));
  const base = world.source.commit('first', files);
  await world.take(base);
  const trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  run.atEnd(() => trees.settle());
  run.note(`${TREES} trees at once while git collects garbage`);
  let isOver = false;
  const collecting = (async () => {
    while (!isOver) {
      const gc = spawn('git', ['gc', '--quiet', '--prune=now'], { cwd: world.mirror.dir, stdio: 'ignore' });
      await once(gc, 'exit');
    }
  })();
  const taken = await Promise.allSettled(
    Array.from({ length: TREES }, (_, index) =>
      trees.acquire({
        repository: world.mirror,
        treeId: `tree-${index}`,
        projectId: 'project-1',
        ownerId: `owner-${index}`,
        mode: 'write',
        baseSha: base,
      }),
    ),
  );
  isOver = true;
  await collecting;
  const failed = taken.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  if (failed.length > 0) throw new Error(`${failed.length} of ${TREES} failed: ${failed[0]}`);
  for (const one of taken) {
    if (one.status !== 'fulfilled') continue;
    const there = readdirSync(join(one.value.tree.source, 'src')).length;
    if (there !== 200) throw new Error(`${one.value.tree.treeId} has ${there} of 200 files.`);
  }
}

export const gitCases: readonly ChaosCase[] = [
  {
    name: '22-disk-full',
    does: 'the disk that holds the trees is full while four tasks want one, and has room again later',
    catches: 'a half-written tree that is worked in, or tasks that stay behind after an outage of the disk',
    whyNot: whyNoMount,
    run: fillDisk,
  },
  {
    name: '22-no-inodes',
    does: 'the disk that holds the trees has room, but for no file more, while four tasks want one',
    catches: 'a tree that misses files and is worked in, because only the size of the disk was looked at',
    whyNot: whyNoMount,
    run: useUpInodes,
  },
  {
    name: '22-mirror-disk-full',
    does: 'the disk that holds the mirrors fills up twice while tasks work, and has room again',
    catches: 'a half-written object or commit that is believed in, or a turn that is lost with the disk',
    whyNot: whyNoMount,
    run: fillMirrors,
  },
  {
    name: '23-git-killed',
    does: 'SIGKILL to one in five processes of git, whatever they do',
    catches: 'a lock of a dead git that stops everything after it; a repository that git fsck refuses',
    run: killGit,
  },
  {
    name: '26-many-trees-at-once',
    does: `${TREES} trees of one repository at once while git collects garbage`,
    catches: 'a checkout that fails or misses files because another one runs',
    run: manyTrees,
  },
];
