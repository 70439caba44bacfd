import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createCheckTrees } from '../../activities/git/check-trees.js';
import { clearRuins } from '../../activities/git/clean-host.js';
import { createHostClaimActivities } from '../../activities/git/host.activities.js';
import { beatHost } from '../../activities/store/host.repository.js';
import { MIN_FREE_BYTES } from '../../infra/free-space.js';
import { readRecord, writeRecord } from '../../infra/git/tree-record.js';
import { asAttempt } from '../support/git/activity-world.js';
import { TreeSuite } from '../support/git/tree-suite.js';
import { insertRun } from '../support/rows.js';

const suite = TreeSuite.use();
const { acquire, commitInput, fence, file } = suite;

test('a tree is taken at the tip of its branch, and a second attempt answers the same', async () => {
  expect(await acquire()).toEqual({ treeId: suite.taskId, baseSha: suite.base });
  writeFileSync(file('a.txt'), 'edited\n');
  suite.world.source.commit('moved on', { 'c.txt': 'c\n' });
  await asAttempt(1, suite.world.repository.importSource, { projectId: suite.world.projectId });
  expect(await acquire(2)).toEqual({ treeId: suite.taskId, baseSha: suite.base });
  expect(readFileSync(file('a.txt'), 'utf8')).toBe('edited\n');
});

test('an older fence does not get the tree', async () => {
  const old = fence();
  await acquire();
  await expect(
    asAttempt(1, suite.world.trees.acquireTree, {
      projectId: suite.world.projectId,
      ownerId: suite.taskId,
      branch: 'main',
      mode: 'write',
      fence: old,
    }),
  ).rejects.toMatchObject({ type: 'Superseded' });
});

test('an older attempt does not put other files into the tree of the newer one', async () => {
  const old = fence();
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const late = {
    projectId: suite.world.projectId,
    ownerId: suite.taskId,
    branch: 'main',
    at: suite.base,
    mode: 'write',
    fence: old,
  } as const;
  await expect(asAttempt(1, suite.world.trees.acquireTree, late)).rejects.toMatchObject({ type: 'Superseded' });
  expect(readFileSync(file('a.txt'), 'utf8')).toBe('work\n');
});

test('setup is installed once, is no part of a commit, and is repeated when its copy was interrupted', async () => {
  suite.setup.wanted = { key: 'k1', outputs: ['node_modules'] };
  suite.setup.fail = () => {
    throw new Error('killed while copying');
  };
  await expect(acquire()).rejects.toThrow('killed while copying');
  suite.setup.fail = undefined;
  await acquire(2);
  await acquire(1);
  expect(suite.setup.installed).toHaveLength(2);
  expect(existsSync(file('node_modules/dep.js'))).toBe(true);
  expect(await asAttempt(1, suite.world.trees.commitRound, commitInput([suite.base]))).toEqual({ kind: 'no_change' });
  suite.setup.wanted = { key: 'k2', outputs: ['node_modules'] };
  await acquire();
  expect(suite.setup.installed).toHaveLength(3);
});

test('releasing is repeatable, and a tree of another owner stays', async () => {
  await acquire();
  const release = (ownerId: string) =>
    asAttempt(1, suite.world.trees.releaseTree, { treeId: suite.taskId, projectId: suite.world.projectId, ownerId });
  await expect(release('somebody')).rejects.toMatchObject({ type: 'Conflict' });
  await release(suite.taskId);
  await release(suite.taskId);
  expect(await suite.world.deps.trees.store.listLive()).toEqual([]);
});

test('what a killed process left half-made goes at the start of the next one, trees in use stay', async () => {
  await acquire();
  const { store } = suite.world.deps.trees;
  const halfMade = store.newTransit().directory;
  mkdirSync(halfMade, { recursive: true });
  mkdirSync(store.live('unrecorded').directory);
  await createCheckTrees(suite.world.deps).acquire({
    projectId: suite.world.projectId,
    commit: suite.base,
    ownerId: 'build-1/first/test',
  });
  const mirror = await suite.world.deps.mirrors.ensure(suite.world.projectId);
  writeFileSync(join(mirror.dir, 'packed-refs.lock'), '');
  expect(await asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 1 });
  writeFileSync(join(mirror.dir, 'packed-refs.lock'), '');
  expect(await clearRuins(suite.world.deps)).toBe(4);
  expect((await store.listLive()).map(({ treeId }) => treeId)).toEqual([suite.taskId]);
  expect(existsSync(halfMade)).toBe(false);
});

test('trees of workflows that the engine has forgotten go when their rows say that they ended', async () => {
  await acquire();
  const runId = randomUUID();
  const run = {
    projectId: suite.world.projectId,
    ownerId: runId,
    branch: 'main',
    mode: 'read',
    fence: fence(),
  } as const;
  await asAttempt(1, suite.world.trees.acquireTree, run);
  suite.world.closed.set(`task/${suite.taskId}`, 'absent').set(`run/${runId}`, 'absent');
  const clean = () => asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' });
  expect(await clean()).toEqual({ removed: 0 });
  await insertRun(suite.database.pools.writes, suite.world.projectId, { id: runId });
  expect(await clean()).toEqual({ removed: 0 });
  await suite.database.pools.writes.query({ text: `UPDATE run SET state = 'orphaned' WHERE id = $1`, values: [runId] });
  expect(await clean()).toEqual({ removed: 1 });
  await suite.database.pools.writes.query({
    text: `UPDATE task SET state = 'CANCELLED' WHERE id = $1`,
    values: [suite.taskId],
  });
  expect(await clean()).toEqual({ removed: 1 });
});

test('trees of closed workflows are cleaned, those of open and of forgotten ones stay', async () => {
  await acquire();
  const clean = () => asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' });
  expect(await clean()).toEqual({ removed: 0 });
  suite.world.closed.set(`task/${suite.taskId}`, 'absent');
  expect(await clean()).toEqual({ removed: 0 });
  suite.world.closed.set(`task/${suite.taskId}`, 'closed');
  expect(await clean()).toEqual({ removed: 1 });
  expect(await suite.world.deps.trees.store.listLive()).toEqual([]);
});

test('a mirror that cannot be packed keeps nothing from being cleaned, and is packed once it can', async () => {
  await acquire();
  suite.world.closed.set(`task/${suite.taskId}`, 'closed');
  const mirror = await suite.world.deps.mirrors.ensure(suite.world.projectId);
  const git = (...args: string[]): string =>
    execFileSync('git', ['--git-dir', mirror.dir, ...args], { encoding: 'utf8' }).trim();
  // So many packs are reason enough to pack; none of them holds the commit that the ref names.
  for (let pack = 0; pack < 60; pack += 1) {
    const blob = execFileSync('git', ['--git-dir', mirror.dir, 'hash-object', '-w', '--stdin'], { input: `${pack}\n` });
    execFileSync('git', ['--git-dir', mirror.dir, 'pack-objects', '-q', join(mirror.dir, 'objects/pack/pack')], {
      input: blob,
    });
  }
  const packs = (): number => Number(/^packs: (\d+)$/m.exec(git('count-objects', '-v'))?.[1]);
  const broken = join(mirror.dir, 'refs/heads/broken');
  mkdirSync(join(mirror.dir, 'refs/heads'), { recursive: true });
  writeFileSync(broken, `${'1'.repeat(40)}\n`);
  expect(await asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 1 });
  expect(packs()).toBeGreaterThan(50);
  rmSync(broken);
  expect(await asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 0 });
  expect(packs()).toBeLessThan(3);
});

test('free trees follow the suite.base with each sweep', async () => {
  await acquire();
  await asAttempt(1, suite.world.trees.releaseTree, {
    treeId: suite.taskId,
    projectId: suite.world.projectId,
    ownerId: suite.taskId,
  });
  await suite.world.deps.trees.settle();
  await suite.database.pools.writes.query({ text: `UPDATE project SET base_branch = 'main'` });
  suite.world.source.commit('moved on', { 'c.txt': 'c\n' });
  await asAttempt(1, suite.world.repository.importSource, { projectId: suite.world.projectId });
  await asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' });
  const [pooled] = await suite.world.deps.trees.store.listPooled(suite.world.projectId);
  expect(readFileSync(join(pooled?.source ?? '', 'c.txt'), 'utf8')).toBe('c\n');
});

test('a check gets a fresh tree each time, and one of a dead process is cleaned', async () => {
  const checks = createCheckTrees(suite.world.deps);
  const input = { projectId: suite.world.projectId, commit: suite.base, ownerId: 'build-1/first/test' };
  const first = await checks.acquire(input);
  writeFileSync(join(first.path, 'left'), 'over');
  const again = await checks.acquire(input);
  expect(again.path).toBe(first.path);
  expect(existsSync(join(again.path, 'left'))).toBe(false);
  expect(await asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 0 });
  const [tree] = await suite.world.deps.trees.store.listLive();
  if (tree === undefined) throw new Error('the check has no tree');
  const record = await readRecord(tree);
  await writeRecord(tree, { ...record, process: { ...record.process, startedAt: 'long ago' } });
  expect(await asAttempt(1, suite.world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 1 });
  await again.release();
  expect(await checks.readFile(suite.world.projectId, suite.base, 'b.txt')).toBe('b\n');
  expect((await checks.listFiles(suite.world.projectId, suite.base)).map(({ path }) => path)).toEqual([
    'a.txt',
    'b.txt',
  ]);
});

test('a host names its queue, and one whose disk is nearly full says so and tells the admins once', async () => {
  const { projectId, deps } = suite.world;
  const hostId = `h-${randomUUID()}`;
  const beat = (freeBytes: number) =>
    beatHost(deps.pools.writes, { hostId, queue: `millwright-host-${hostId}`, slots: 1, freeBytes });
  await beat(0);
  const directories = [deps.dataDirectory] as const;
  const claim = (minFreeBytes: number, isPatient?: boolean) => {
    const host = { pools: deps.pools, hostId, hostQueue: 'q', directories, minFreeBytes };
    const input = { projectId, ...(isPatient === undefined ? {} : { isPatient }) };
    return asAttempt(1, createHostClaimActivities(host).claimHost, input);
  };
  const mails = async (): Promise<number> => {
    const text = `SELECT subject FROM mail WHERE from_kind = 'system' AND from_id = $1`;
    return (await deps.pools.writes.query({ text, values: [hostId] })).rowCount;
  };
  const never = Number.MAX_SAFE_INTEGER;
  expect(await claim(0)).toEqual({ hostId, hostQueue: 'q' });
  expect(await mails()).toBe(0);
  const disk = { directory: deps.dataDirectory, freeBytes: expect.any(Number) };
  const full = { kind: 'full', host: hostname(), ...disk, wantedBytes: never };
  expect(await Promise.all([claim(never), claim(never)])).toEqual([full, full]);
  await expect(claim(never, true)).rejects.toMatchObject({ details: { reason: 'DISK_FULL' } });
  expect(await mails()).toBe(1);
  // A little room is no end of it: a disk that hovers about the least would be told of again and again.
  await beat(MIN_FREE_BYTES + 1);
  await claim(never);
  expect(await mails()).toBe(1);
  await beat(2 * MIN_FREE_BYTES);
  await claim(never);
  expect(await mails()).toBe(2);
});
