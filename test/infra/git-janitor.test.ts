import { spawn, spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { keepCheckpoint, setRef } from '../../infra/git/checkpoint.js';
import { removeAbandonedTrees } from '../../infra/git/janitor.js';
import { readRef } from '../../infra/git/objects.js';
import { pushImport } from '../../infra/git/push.js';
import { readTip } from '../../infra/git/remote-refs.js';
import { removeStaleLocks } from '../../infra/git/stale-locks.js';
import type { Tree } from '../../infra/git/tree-record.js';
import { writeRecord } from '../../infra/git/tree-record.js';
import { Trees } from '../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { testGit } from '../support/git/repositories.js';
import { until } from '../support/until.js';

const TASK = '01900000-0000-7000-8000-0123456789ab';
let world: GitWorld;
let trees: Trees;
let base: string;

beforeEach(async () => {
  world = await gitWorld();
  trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  base = world.source.commit('first', { 'a.txt': '1\n' });
  await world.take(base);
});
afterEach(() => world.remove());

const acquire = (treeId = 't1') =>
  trees.acquire({ repository: world.mirror, treeId, projectId: 'p', ownerId: treeId, mode: 'write', baseSha: base });

test('locks and temporary files of a dead git go, and nothing else', async () => {
  const dir = world.mirror.dir;
  const before = spawnSync('find', [dir, '-type', 'f'], { encoding: 'utf8' }).stdout.split('\n').sort();
  mkdirSync(join(dir, 'refs/heads/x'), { recursive: true });
  for (const name of [
    'HEAD.lock',
    'packed-refs.lock',
    'config.lock',
    'refs/heads/x/y.lock',
    'objects/pack/tmp_pack_ab',
  ])
    writeFileSync(join(dir, name), '');
  expect(await removeStaleLocks(dir)).toBe(5);
  expect(spawnSync('find', [dir, '-type', 'f'], { encoding: 'utf8' }).stdout.split('\n').sort()).toEqual(before);
});

test('nothing is touched while a git works on the repository', async () => {
  const lock = join(world.mirror.dir, 'packed-refs.lock');
  writeFileSync(lock, '');
  const busy = spawn('git', ['cat-file', '--batch'], { env: { ...process.env, GIT_DIR: world.mirror.dir } });
  await until(
    () => existsSync(`/proc/${busy.pid}/environ`) && readFileSync(`/proc/${busy.pid}/comm`, 'utf8') === 'git\n',
  );
  const removed = await removeStaleLocks(world.mirror.dir);
  busy.kill('SIGKILL');
  await new Promise((resolve) => busy.once('close', resolve));
  expect(removed).toBe(0);
  expect(await removeStaleLocks(world.mirror.dir)).toBe(1);
});

test('a lock that another git took meanwhile stays', async () => {
  const lock = join(world.mirror.dir, 'packed-refs.lock');
  let turn = 0;
  // Each is another file under the same name; a second link keeps its inode from being used again.
  const takeAgain = (): void => {
    turn += 1;
    writeFileSync(join(world.home, `lock-${turn}`), '');
    linkSync(join(world.home, `lock-${turn}`), join(world.home, 'lock-next'));
    renameSync(join(world.home, 'lock-next'), lock);
  };
  takeAgain();
  let removed: number | undefined;
  const removal = removeStaleLocks(world.mirror.dir).then((count) => {
    removed = count;
  });
  while (removed === undefined) {
    takeAgain();
    await nextTurn();
  }
  await removal;
  expect([removed, existsSync(lock)]).toEqual([0, true]);
});

test('work goes on by itself after a git was killed with its locks held', async () => {
  const { tree } = await acquire();
  writeFileSync(`${tree.indexFile}.lock`, '');
  writeFileSync(join(tree.source, 'a.txt'), 'edited\n');
  mkdirSync(join(world.mirror.dir, 'refs/millwright/wip'), { recursive: true });
  writeFileSync(join(world.mirror.dir, `refs/millwright/wip/${TASK}.lock`), '');
  const kept = await keepCheckpoint(world.mirror, { tree, taskId: TASK, baseSha: base });
  expect(kept.kind).toBe('kept');
});

test('a forge whose receive-pack was killed takes the next push', async () => {
  mkdirSync(join(world.forge.dir, 'refs/heads'), { recursive: true });
  writeFileSync(join(world.forge.dir, 'refs/heads/main.lock'), '');
  const push = () => pushImport(world.mirror, world.remote, { branch: 'main', base: undefined, commit: base });
  await expect(push()).rejects.toMatchObject({ type: 'Unavailable' });
  await push();
  expect(await readTip(world.mirror, world.remote, 'main')).toBe(base);
});

test('half-made and half-cleaned trees of dead processes go, those of living ones stay', async () => {
  const { record } = await acquire('t1');
  await acquire('t2');
  const mine = await trees.store.toTransit(trees.store.live('t1'));
  const dead = await trees.store.toTransit(trees.store.live('t2'));
  if (mine === undefined || dead === undefined) throw new Error('not moved');
  await writeRecord(dead, { ...record, process: { ...record.process, startedAt: 'long ago' } });
  mkdirSync(trees.store.newTransit().directory);
  expect(await removeAbandonedTrees(trees.store)).toBe(1);
  expect(existsSync(mine.directory)).toBe(true);
  expect(existsSync(dead.directory)).toBe(false);
  expect(readdirSync(join(world.home, 'trees', 'transit'))).toHaveLength(2);
});

/** Git writes the files in this order: d0, d1, d10 … d19, d2 … d9. */
const POINTS: readonly (readonly [string, (tree: Tree) => boolean])[] = [
  ['before its git begins', ({ source }) => existsSync(source)],
  ['when the index is locked', ({ indexFile }) => existsSync(`${indexFile}.lock`)],
  ['at the first file', ({ source }) => existsSync(join(source, 'd0'))],
  ['half-way', ({ source }) => existsSync(join(source, 'd2'))],
  ['at the last files', ({ source }) => existsSync(join(source, 'd9'))],
];

test.each(POINTS)(
  'a worker killed in a checkout, %s, leaves a tree that the next attempt completes',
  async (_, isAt) => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`d${n % 20}/f${n}`, `${n}\n`]));
    const big = world.source.commitOn(base, 'many files', files);
    await world.take(big);
    const owner = { treeId: 'killed', projectId: 'p', ownerId: 'killed' };
    const input = { repository: world.mirror, ...owner, mode: 'write', baseSha: big } as const;
    const abort = new AbortController();
    let isOver = false;
    const attempt = trees
      .acquire({ ...input, signal: abort.signal })
      .catch(() => undefined)
      .finally(() => {
        isOver = true;
      });
    const live = trees.store.live('killed');
    // A checkout that is faster than this look has simply ended.
    while (!isOver && !isAt(live)) await nextTurn();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) killIfGitOf(pid, 'killed');
    abort.abort(new Error('the worker died'));
    await attempt;
    const { tree } = await trees.acquire(input);
    expect(readFileSync(join(tree.source, 'd19/f399'), 'utf8')).toBe('399\n');
    expect(existsSync(`${tree.indexFile}.lock`)).toBe(false);
  },
);

function killIfGitOf(pid: string, treeId: string): void {
  try {
    if (readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`/live/${treeId}/git/index`))
      process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It ended while it was looked at.
  }
}

test('refs that name what is not there go with the next fetch, which brings what was asked for', async () => {
  const first = world.source.commit('first', { 'a.txt': 'a\n' });
  for (const name of ['refs/heads/gone', 'refs/millwright/wip/gone']) writeRefFile(name, `${'f'.repeat(40)}\n`);
  await world.take(first);
  expect(await readRef(world.mirror, `refs/millwright/test/${first}`)).toBe(first);
  for (const name of ['gone', 'junk']) expect(await readRef(world.mirror, `refs/heads/${name}`)).toBeUndefined();
});

const writeRefFile = (name: string, text: string): void => {
  mkdirSync(join(world.mirror.dir, name, '..'), { recursive: true });
  writeFileSync(join(world.mirror.dir, name), text);
};

test('a ref moves where a killed update left its lock', async () => {
  await setRef(world.mirror, 'refs/millwright/wip/x', base);
  writeFileSync(join(world.mirror.dir, 'refs/millwright/wip/x.lock'), 'half');
  await setRef(world.mirror, 'refs/millwright/wip/x', base);
  const later = world.source.commitOn(base, 'later', { 'b.txt': 'b\n' });
  await world.take(later);
  await setRef(world.mirror, 'refs/millwright/wip/x', later);
  expect(await readRef(world.mirror, 'refs/millwright/wip/x')).toBe(later);
});
