import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { treeOf } from '../../infra/git/objects.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import { writeRecord } from '../../infra/git/tree-record.js';
import { Trees } from '../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { TREE_OWNER, testGit } from '../support/git/repositories.js';

let world: GitWorld;
let trees: Trees;
let base: string;
let next: string;

beforeEach(async () => {
  world = await gitWorld();
  trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  base = world.source.commit('first', { 'a.txt': 'a\n', 'src/b.txt': 'b\n', '.gitignore': 'ignored\n' });
  next = world.source.commitOn(base, 'next', { 'a.txt': 'a2\n', 'c.txt': 'c\n' });
  await world.take(base, next);
});
afterEach(async () => {
  await trees.settle();
  world.remove();
});

const acquire = (treeId: string, baseSha = base, checkOut?: string) =>
  trees.acquire({
    repository: world.mirror,
    treeId,
    projectId: 'p1',
    ownerId: treeId,
    mode: 'write',
    baseSha,
    ...(checkOut === undefined ? {} : { checkOut }),
  });
const release = async (treeId: string) => {
  await trees.release(treeId, { ownerId: treeId, repository: world.mirror });
  await trees.settle();
};
const inode = (path: string) => statSync(path).ino;

test('a tree holds the files of its commit, belongs to the owner of trees and has no metadata', async () => {
  const { tree } = await acquire('t1');
  expect(readdirSync(tree.source).sort()).toEqual(['.gitignore', 'a.txt', 'src']);
  expect(readFileSync(join(tree.source, 'src/b.txt'), 'utf8')).toBe('b\n');
  if (TREE_OWNER !== undefined) expect(statSync(join(tree.source, 'a.txt')).uid).toBe(TREE_OWNER.uid);
  expect(await takeSnapshot(world.mirror, { tree, outputs: ['deps [1]'] })).toEqual({
    kind: 'taken',
    tree: await treeOf(world.mirror, base),
    ignored: [],
  });
});

test('acquiring again answers the same tree with its edits', async () => {
  const { tree } = await acquire('t1');
  writeFileSync(join(tree.source, 'a.txt'), 'edited\n');
  const again = await acquire('t1', next);
  expect(again.tree.source).toBe(tree.source);
  expect(again.record.baseSha).toBe(base);
  expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toBe('edited\n');
});

test('acquiring with content to check out makes the files exactly that', async () => {
  const { tree } = await acquire('t1');
  writeFileSync(join(tree.source, 'a.txt'), 'edited\n');
  writeFileSync(join(tree.source, 'ignored'), 'x');
  await acquire('t1', base, next);
  expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toBe('a2\n');
  expect(existsSync(join(tree.source, 'ignored'))).toBe(false);
});

test('a tree of another owner, or of another project, is not handed out', async () => {
  await acquire('t1');
  const taken = (whose: { readonly projectId: string; readonly ownerId: string }) =>
    trees.acquire({ repository: world.mirror, treeId: 't1', mode: 'write', baseSha: base, ...whose });
  await expect(taken({ projectId: 'p1', ownerId: 'x' })).rejects.toMatchObject({ type: 'Conflict' });
  await expect(taken({ projectId: 'p2', ownerId: 't1' })).rejects.toMatchObject({ type: 'Conflict' });
  await expect(trees.release('t1', { ownerId: 'x', repository: world.mirror })).rejects.toMatchObject({
    type: 'Conflict',
  });
});

test('a released tree is cleaned and taken by the next owner, who gets only the difference written', async () => {
  const { tree } = await acquire('t1');
  const kept = inode(join(tree.source, 'src/b.txt'));
  writeFileSync(join(tree.source, 'a.txt'), 'edited\n');
  writeFileSync(join(tree.source, 'ignored'), 'secret of t1');
  mkdirSync(join(tree.source, 'deep/.git'), { recursive: true });
  await release('t1');
  const second = await acquire('t2', next);
  expect(inode(join(second.tree.source, 'src/b.txt'))).toBe(kept);
  expect(readdirSync(second.tree.source).sort()).toEqual(['.gitignore', 'a.txt', 'c.txt', 'src']);
  expect(await takeSnapshot(world.mirror, { tree: second.tree })).toEqual({
    kind: 'taken',
    tree: await treeOf(world.mirror, next),
    ignored: [],
  });
});

test('releasing twice is harmless', async () => {
  await acquire('t1');
  await release('t1');
  await release('t1');
  expect(await trees.store.listPooled('p1')).toHaveLength(1);
  await expect(trees.open('t1')).rejects.toMatchObject({ type: 'WorktreeLost' });
});

test('whatever an agent leaves, the next tree is clean', async () => {
  const { tree } = await acquire('t1');
  const sh = (script: string) =>
    spawnSync('sh', ['-ec', script], { cwd: tree.source, ...(TREE_OWNER ?? {}), encoding: 'utf8' });
  const left = sh(`git init -q . ; mkdir -p nested && git -C nested init -q && echo x > nested/f
      rm -rf src && ln -s /etc src ; rm a.txt && mkdir a.txt && echo x > a.txt/inner
      mkfifo pipe ; mkdir locked && echo x > locked/f && chmod 000 locked
      printf x > "$(printf 'new\\nline')" ; printf x > -rf ; mkdir empty`);
  expect(left.stderr).toBe('');
  await release('t1');
  const second = await acquire('t2');
  expect(readdirSync(second.tree.source).sort()).toEqual(['.gitignore', 'a.txt', 'src']);
  expect(readdirSync(join(second.tree.source, 'src'))).toEqual(['b.txt']);
  expect(existsSync('/etc/passwd')).toBe(true);
});

test('a half-made tree is finished by the next attempt', async () => {
  const { tree, record } = await acquire('t1');
  await writeRecord(tree, { ...record, ready: false });
  writeFileSync(join(tree.source, 'a.txt'), 'half');
  await acquire('t1');
  expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toBe('a\n');
});

test('a pooled tree that is not what its record says is thrown away', async () => {
  const { tree } = await acquire('t1');
  expect(tree.treeId).toBe('t1');
  await release('t1');
  const [pooled] = await trees.store.listPooled('p1');
  if (pooled === undefined) throw new Error('no pooled tree');
  writeFileSync(join(pooled.source, 'a.txt'), 'tampered\n');
  const second = await acquire('t2', next);
  expect(readFileSync(join(second.tree.source, 'a.txt'), 'utf8')).toBe('a2\n');
});

test('a pooled tree whose files were being changed is thrown away', async () => {
  const { record } = await acquire('t1');
  await release('t1');
  const [pooled] = await trees.store.listPooled('p1');
  if (pooled === undefined) throw new Error('no pooled tree');
  writeFileSync(join(pooled.directory, 'tree.json'), JSON.stringify({ ...record, ready: false }));
  writeFileSync(join(pooled.source, 'a.txt'), 'half');
  const second = await acquire('t2');
  expect(readFileSync(join(second.tree.source, 'a.txt'), 'utf8')).toBe('a\n');
});

test('a pooled tree whose taker died before it said whose it is is made anew for the one that comes back', async () => {
  await acquire('t1');
  await release('t1');
  const [pooled] = await trees.store.listPooled('p1');
  if (pooled === undefined) throw new Error('no pooled tree');
  writeFileSync(join(pooled.source, 'a.txt'), 'half');
  expect(await trees.store.toLive(pooled, 't2')).toBe(true);
  const { tree, record } = await acquire('t2');
  expect(record).toMatchObject({ ownerId: expect.any(String), ready: true });
  expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toBe('a\n');
});

test('a tree that somebody goes on writing to is not handed out as clean', async () => {
  const { tree } = await acquire('t1');
  const { git } = world.mirror;
  const run: typeof git.run = async (call) => {
    const done = await git.run(call);
    if (call.command === 'clean') writeFileSync(join(tree.source, 'late'), 'x');
    return done;
  };
  const repository = { ...world.mirror, git: Object.assign(Object.create(git), { run }) };
  await expect(trees.force('t1', { repository, to: next })).rejects.toMatchObject({
    type: 'WorktreeLost',
    message: 'the working tree t1 cannot be reset: 1 files stay',
  });
  expect((await trees.open('t1')).record.ready).toBe(false);
});

test('one tree that two attempts acquire at once is one tree', async () => {
  const both = await Promise.all([acquire('t1'), acquire('t1')]);
  expect(new Set(both.map(({ tree }) => inode(tree.source))).size).toBe(1);
  expect(both.map(({ record }) => record.ready)).toEqual([true, true]);
});

test('eight trees acquired at once are eight trees', async () => {
  await acquire('t0');
  await release('t0');
  const all = await Promise.all(Array.from({ length: 8 }, (_, n) => acquire(`t${n}`, n % 2 === 0 ? base : next)));
  expect(new Set(all.map(({ tree }) => inode(tree.source))).size).toBe(8);
  for (const [n, { tree }] of all.entries())
    expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toBe(n % 2 === 0 ? 'a\n' : 'a2\n');
});

test('as many clean trees are kept as tasks start at once, and not one more', async () => {
  const names = Array.from({ length: 9 }, (_, n) => `t${n}`);
  for (const name of names) await acquire(name);
  for (const name of names) await release(name);
  expect(await trees.store.listPooled('p1')).toHaveLength(8);
});

test('outputs of setup stay in resets, out of snapshots, and do not reach the next owner', async () => {
  const { tree } = await acquire('t1');
  mkdirSync(join(tree.source, 'deps [1]'));
  writeFileSync(join(tree.source, 'deps [1]', 'x'), 'x');
  if (TREE_OWNER !== undefined) spawnSync('chown', ['-R', `${TREE_OWNER.uid}`, join(tree.source, 'deps [1]')]);
  await trees.setLayer('t1', { repository: world.mirror, key: 'k1', outputs: ['deps [1]'] });
  expect(await takeSnapshot(world.mirror, { tree, outputs: ['deps [1]'] })).toEqual({
    kind: 'taken',
    tree: await treeOf(world.mirror, base),
    ignored: [],
  });
  await trees.force('t1', { repository: world.mirror, to: next });
  expect(existsSync(join(tree.source, 'deps [1]', 'x'))).toBe(true);
  expect((await trees.open('t1')).record.layerKey).toBe('k1');
  await release('t1');
  const second = await acquire('t2');
  expect(existsSync(join(second.tree.source, 'deps [1]'))).toBe(false);
  expect(second.record.layerKey).toBeUndefined();
});

test('outputs that a new declaration does not name any more are removed', async () => {
  const { tree } = await acquire('t1');
  for (const name of ['old', 'new']) {
    mkdirSync(join(tree.source, name));
    writeFileSync(join(tree.source, name, 'x'), 'x');
    if (TREE_OWNER !== undefined) spawnSync('chown', ['-R', `${TREE_OWNER.uid}`, join(tree.source, name)]);
  }
  await trees.setLayer('t1', { repository: world.mirror, key: 'k1', outputs: ['old', 'new'] });
  await trees.setLayer('t1', { repository: world.mirror, outputs: ['new'] });
  expect([existsSync(join(tree.source, 'old')), existsSync(join(tree.source, 'new'))]).toEqual([false, true]);
  expect((await trees.open('t1')).record).toMatchObject({ excluded: ['new'] });
  expect((await trees.open('t1')).record.layerKey).toBeUndefined();
});

test('a link at the root of a tree is never followed by a reset', async () => {
  const outside = join(world.home, 'outside');
  mkdirSync(outside);
  chmodSync(outside, 0o777);
  writeFileSync(join(outside, 'keep'), 'keep');
  const { tree } = await acquire('t1');
  symlinkSync(outside, join(tree.source, 'link'));
  mkdirSync(join(outside, '.git'));
  await release('t1');
  expect(readdirSync(outside).sort()).toEqual(['.git', 'keep']);
});

test('the pool follows the base in the background', async () => {
  await acquire('t1');
  await release('t1');
  await trees.refreshPool(world.mirror, { projectId: 'p1', sha: next });
  const [pooled] = await trees.store.listPooled('p1');
  expect(readFileSync(join(pooled?.source ?? '', 'c.txt'), 'utf8')).toBe('c\n');
});

test('of two takers of a pooled tree one gets it, and the other is told so', async () => {
  await acquire('t1');
  await release('t1');
  for (let round = 1; round <= 20; round++) {
    const [pooled] = await trees.store.listPooled('p1');
    if (pooled === undefined) throw new Error('the pool is empty');
    const [away, isLive] = await Promise.all([trees.store.toTransit(pooled), trees.store.toLive(pooled, `t-${round}`)]);
    expect([away !== undefined, isLive].filter(Boolean)).toHaveLength(1);
    await trees.store.toPool(away ?? trees.store.live(`t-${round}`), 'p1');
  }
});

test('a tree that could not be begun leaves nothing behind', async () => {
  const nobody = { uid: -2, gid: -2 };
  const failing = new Trees({ git: { ...testGit(), treeOwner: nobody }, root: join(world.home, 'trees') });
  const asked = {
    repository: world.mirror,
    projectId: 'project-1',
    ownerId: 'owner-1',
    mode: 'write',
    baseSha: base,
  } as const;
  await expect(failing.acquire({ ...asked, treeId: 'tree-1' })).rejects.toThrow();
  expect(readdirSync(join(world.home, 'trees', 'transit'))).toEqual([]);
  await trees.acquire({ ...asked, treeId: 'tree-1' });
});
