import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createCheckTrees } from '../../activities/git/check-trees.js';
import { clearRuins } from '../../activities/git/clean-host.js';
import { createHostClaimActivities } from '../../activities/git/host.activities.js';
import { createKeepCheckpoint } from '../../activities/git/keep-checkpoint.js';
import { createTreeActivities } from '../../activities/git/tree.activities.js';
import { checkFence } from '../../infra/git/fence.js';
import { readCommit } from '../../infra/git/objects.js';
import { makeFence } from '../../workflows/contract/fence.js';
import { type ActivityWorld, activityWorld, asAttempt, CountingSetup } from '../support/git/activity-world.js';
import { TREE_OWNER } from '../support/git/repositories.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertRun, insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: ActivityWorld;
let taskId: string;
let base: string;
let seq = 0;
const fence = () => makeFence(1_000, ++seq);
const BRANCH = 'millwright/a-task';

const setup = new CountingSetup((tree) => {
  mkdirSync(join(tree, 'node_modules'), { recursive: true });
  writeFileSync(join(tree, 'node_modules/dep.js'), 'dep');
  if (TREE_OWNER) chownSync(join(tree, 'node_modules'), TREE_OWNER.uid, TREE_OWNER.gid);
});

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  setup.wanted = undefined;
  setup.fail = undefined;
  setup.installed.length = 0;
  world = await activityWorld(database, setup);
  base = world.source.commit('first', { 'a.txt': '1\n2\n3\n', 'b.txt': 'b\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  taskId = await insertTask(database.pools.writes, world.projectId);
});
afterEach(() => world.remove());

const acquire = (attempt = 1, at?: string) =>
  asAttempt(attempt, world.trees.acquireTree, {
    projectId: world.projectId,
    ownerId: taskId,
    taskId,
    branch: 'main',
    ...(at === undefined ? {} : { at }),
    mode: 'write',
    fence: fence(),
  });
const file = (name: string) => join(world.deps.trees.store.live(taskId).source, name);
const commitInput = (parents: readonly string[], conflictFiles: readonly string[] = []) => ({
  treeId: taskId,
  projectId: world.projectId,
  taskId,
  fence: fence(),
  branch: BRANCH,
  parents,
  title: 'Add a thing',
  summary: 'It was added.',
  round: 1,
  conflictFiles,
});

test('a tree is taken at the tip of its branch, and a second attempt answers the same', async () => {
  expect(await acquire()).toEqual({ treeId: taskId, baseSha: base });
  writeFileSync(file('a.txt'), 'edited\n');
  world.source.commit('moved on', { 'c.txt': 'c\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  expect(await acquire(2)).toEqual({ treeId: taskId, baseSha: base });
  expect(readFileSync(file('a.txt'), 'utf8')).toBe('edited\n');
});

test('an older fence does not get the tree', async () => {
  const old = fence();
  await acquire();
  await expect(
    asAttempt(1, world.trees.acquireTree, {
      projectId: world.projectId,
      ownerId: taskId,
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
    projectId: world.projectId,
    ownerId: taskId,
    branch: 'main',
    at: base,
    mode: 'write',
    fence: old,
  } as const;
  await expect(asAttempt(1, world.trees.acquireTree, late)).rejects.toMatchObject({ type: 'Superseded' });
  expect(readFileSync(file('a.txt'), 'utf8')).toBe('work\n');
});

test('a stalled first attempt is shut out by the second of the same activity', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const input = commitInput([base]);
  const second = await asAttempt(2, world.trees.commitRound, input);
  expect(second.kind).toBe('committed');
  await expect(asAttempt(1, world.trees.commitRound, input)).rejects.toMatchObject({ type: 'Superseded' });
});

test('an attempt that is replaced while it takes its snapshot pushes nothing', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const input = commitInput([base]);
  const { writes } = database.pools;
  const query: typeof writes.query = async (statement) => {
    // Asked for the identity of the project, between snapshot and push.
    await checkFence(world.deps.trees.store.live(taskId), fence());
    return writes.query(statement);
  };
  const pools = { ...database.pools, writes: Object.assign(Object.create(writes), { query }) };
  const overtaken = createTreeActivities({ ...world.deps, pools });
  await expect(asAttempt(1, overtaken.commitRound, input)).rejects.toMatchObject({ type: 'Superseded' });
  expect(await world.tip(BRANCH)).toBeUndefined();
});

test('an older attempt neither keeps a checkpoint nor changes the files for a rebase', async () => {
  await acquire();
  const { trees, projectId } = world;
  const old = fence();
  await checkFence(world.deps.trees.store.live(taskId), fence());
  const keepCheckpoint = createKeepCheckpoint(world.deps);
  const { signal } = new AbortController();
  const keep = () => keepCheckpoint({ projectId, taskId, treeId: taskId, fence: old }, signal);
  await expect(asAttempt(1, keep, undefined)).rejects.toMatchObject({ type: 'Superseded' });
  const rebase = { treeId: taskId, projectId, fence: old, tip: base, headSha: base };
  await expect(asAttempt(1, trees.prepareRebase, rebase)).rejects.toMatchObject({ type: 'Superseded' });
});

test('a round is one commit with the project’s identity, and its repetition is the same one', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const first = await asAttempt(1, world.trees.commitRound, commitInput([base]));
  if (first.kind !== 'committed') throw new Error(first.kind);
  expect(first.files).toEqual(['a.txt']);
  expect(await world.tip(BRANCH)).toBe(first.headSha);
  expect(await readCommit(await world.deps.mirrors.open(world.projectId), first.headSha)).toMatchObject({
    authorName: 'Millwright',
    committedAtSeconds: 1_800_000_000,
    message: `Add a thing\n\nIt was added.\n\nMillwright-Task: ${taskId}`,
  });
  expect(await asAttempt(2, world.trees.commitRound, commitInput([base]))).toEqual(first);
  // Scheduled anew, hours later, because the engine lost its store: the pushed round is adopted.
  const later = new MockActivityEnvironment({ attempt: 1, scheduledTimestampMs: 1_900_000_000_000 });
  expect(await later.run(world.trees.commitRound, commitInput([base]))).toEqual(first);
});

test('no change, refused files and markers left are answers, and nothing is pushed', async () => {
  await acquire();
  expect(await asAttempt(1, world.trees.commitRound, commitInput([base]))).toEqual({ kind: 'no_change' });
  mkdirSync(file('sub/.git'), { recursive: true });
  expect(await asAttempt(1, world.trees.commitRound, commitInput([base]))).toMatchObject({
    kind: 'refused',
    paths: ['sub/.git'],
  });
  expect(await world.tip(BRANCH)).toBeUndefined();
});

test('ignored files are named by seal and commit, and so is what git cannot keep', async () => {
  await acquire();
  const keepCheckpoint = createKeepCheckpoint(world.deps);
  const keep = () =>
    asAttempt(
      1,
      () => keepCheckpoint({ treeId: taskId, projectId: world.projectId, taskId, fence: fence() }, signal),
      {},
    );
  const { signal } = new AbortController();
  writeFileSync(file('.gitignore'), '*.log\n');
  writeFileSync(file('run.log'), 'x');
  expect(await keep()).toEqual({ checkpointSha: expect.any(String), ignored: ['run.log'] });
  const round = await asAttempt(1, world.trees.commitRound, commitInput([base]));
  expect(round).toMatchObject({ kind: 'committed', files: ['.gitignore'], ignored: ['run.log'] });
  const headSha = round.kind === 'committed' ? round.headSha : '';
  expect(await asAttempt(1, world.trees.commitRound, commitInput([headSha]))).toEqual({
    kind: 'no_change',
    ignored: ['run.log'],
  });
  mkdirSync(file('sub/.git'), { recursive: true });
  expect(await keep()).toEqual({ refused: { paths: ['sub/.git'], why: expect.any(String) } });
});

test('a rebase is prepared, refused with markers, then committed with both parents', async () => {
  await acquire();
  writeFileSync(file('a.txt'), '1\nmine\n3\n');
  const round = await asAttempt(1, world.trees.commitRound, commitInput([base]));
  const headSha = round.kind === 'committed' ? round.headSha : '';
  const tip = world.source.commit('theirs', { 'a.txt': '1\ntheirs\n3\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  const rebase = (attempt: number) =>
    asAttempt(attempt, world.trees.prepareRebase, {
      treeId: taskId,
      projectId: world.projectId,
      taskId,
      fence: fence(),
      tip,
      headSha,
    });
  const prepared = await rebase(1);
  expect(prepared).toMatchObject({ kind: 'conflict', files: [{ path: 'a.txt' }] });
  expect(await rebase(2)).toEqual(prepared);
  expect(await asAttempt(1, world.trees.commitRound, commitInput([headSha, tip], ['a.txt']))).toEqual({
    kind: 'markers',
    files: ['a.txt'],
  });
  writeFileSync(file('a.txt'), '1\nboth\n3\n');
  const merged = await asAttempt(1, world.trees.commitRound, commitInput([headSha, tip], ['a.txt']));
  if (merged.kind !== 'committed') throw new Error(merged.kind);
  const mirror = await world.deps.mirrors.open(world.projectId);
  expect((await readCommit(mirror, merged.headSha)).parents).toEqual([headSha, tip]);
});

test('a checkpoint survives the tree, and the base stays what the work started from', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'kept\n');
  const { signal } = new AbortController();
  const keepCheckpoint = createKeepCheckpoint(world.deps);
  const keep = (input: { readonly fence: string; readonly treeId?: string }) =>
    asAttempt(1, (one: typeof input) => keepCheckpoint({ projectId: world.projectId, taskId, ...one }, signal), input);
  expect(await keep({ fence: fence() })).toEqual({});
  const { checkpointSha: sha } = await keep({ fence: fence(), treeId: taskId });
  expect(await keep({ fence: fence(), treeId: taskId })).toEqual({ checkpointSha: sha });
  await asAttempt(1, world.trees.releaseTree, { treeId: taskId, projectId: world.projectId, ownerId: taskId });
  await expect(keep({ fence: fence(), treeId: taskId })).rejects.toMatchObject({ type: 'WorktreeLost' });
  expect(await acquire(1, sha)).toEqual({ treeId: taskId, baseSha: base });
  expect(readFileSync(file('a.txt'), 'utf8')).toBe('kept\n');
});

test('setup is installed once, is no part of a commit, and is repeated when its copy was interrupted', async () => {
  setup.wanted = { key: 'k1', outputs: ['node_modules'] };
  setup.fail = () => {
    throw new Error('killed while copying');
  };
  await expect(acquire()).rejects.toThrow('killed while copying');
  setup.fail = undefined;
  await acquire(2);
  await acquire(1);
  expect(setup.installed).toHaveLength(2);
  expect(existsSync(file('node_modules/dep.js'))).toBe(true);
  expect(await asAttempt(1, world.trees.commitRound, commitInput([base]))).toEqual({ kind: 'no_change' });
  setup.wanted = { key: 'k2', outputs: ['node_modules'] };
  await acquire();
  expect(setup.installed).toHaveLength(3);
});

test('releasing is repeatable, and a tree of another owner stays', async () => {
  await acquire();
  const release = (ownerId: string) =>
    asAttempt(1, world.trees.releaseTree, { treeId: taskId, projectId: world.projectId, ownerId });
  await expect(release('somebody')).rejects.toMatchObject({ type: 'Conflict' });
  await release(taskId);
  await release(taskId);
  expect(await world.deps.trees.store.listLive()).toEqual([]);
});

test('what a killed process left half-made goes at the start of the next one, trees in use stay', async () => {
  await acquire();
  const { store } = world.deps.trees;
  const halfMade = store.newTransit().directory;
  mkdirSync(halfMade, { recursive: true });
  mkdirSync(store.live('unrecorded').directory);
  await createCheckTrees(world.deps).acquire({
    projectId: world.projectId,
    commit: base,
    ownerId: 'build-1/first/test',
  });
  const mirror = await world.deps.mirrors.ensure(world.projectId);
  writeFileSync(join(mirror.dir, 'packed-refs.lock'), '');
  expect(await asAttempt(1, world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 1 });
  writeFileSync(join(mirror.dir, 'packed-refs.lock'), '');
  expect(await clearRuins(world.deps)).toBe(4);
  expect((await store.listLive()).map(({ treeId }) => treeId)).toEqual([taskId]);
  expect(existsSync(halfMade)).toBe(false);
});

test('trees of workflows that the engine has forgotten go when their rows say that they ended', async () => {
  await acquire();
  const runId = randomUUID();
  const run = { projectId: world.projectId, ownerId: runId, branch: 'main', mode: 'read', fence: fence() } as const;
  await asAttempt(1, world.trees.acquireTree, run);
  world.closed.set(`task/${taskId}`, 'absent').set(`run/${runId}`, 'absent');
  const clean = () => asAttempt(1, world.trees.cleanHost, { hostQueue: 'q' });
  expect(await clean()).toEqual({ removed: 0 });
  await insertRun(database.pools.writes, world.projectId, { id: runId });
  expect(await clean()).toEqual({ removed: 0 });
  await database.pools.writes.query({ text: `UPDATE run SET state = 'orphaned' WHERE id = $1`, values: [runId] });
  expect(await clean()).toEqual({ removed: 1 });
  await database.pools.writes.query({ text: `UPDATE task SET state = 'CANCELLED' WHERE id = $1`, values: [taskId] });
  expect(await clean()).toEqual({ removed: 1 });
});

test('trees of closed workflows are cleaned, those of open and of forgotten ones stay', async () => {
  await acquire();
  const clean = () => asAttempt(1, world.trees.cleanHost, { hostQueue: 'q' });
  expect(await clean()).toEqual({ removed: 0 });
  world.closed.set(`task/${taskId}`, 'absent');
  expect(await clean()).toEqual({ removed: 0 });
  world.closed.set(`task/${taskId}`, 'closed');
  expect(await clean()).toEqual({ removed: 1 });
  expect(await world.deps.trees.store.listLive()).toEqual([]);
});

test('free trees follow the base with each sweep', async () => {
  await acquire();
  await asAttempt(1, world.trees.releaseTree, { treeId: taskId, projectId: world.projectId, ownerId: taskId });
  await world.deps.trees.settle();
  await database.pools.writes.query({ text: `UPDATE project SET base_branch = 'main'` });
  world.source.commit('moved on', { 'c.txt': 'c\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  await asAttempt(1, world.trees.cleanHost, { hostQueue: 'q' });
  const [pooled] = await world.deps.trees.store.listPooled(world.projectId);
  expect(readFileSync(join(pooled?.source ?? '', 'c.txt'), 'utf8')).toBe('c\n');
});

test('a check gets a fresh tree each time, and one of a dead process is cleaned', async () => {
  const checks = createCheckTrees(world.deps);
  const input = { projectId: world.projectId, commit: base, ownerId: 'build-1/first/test' };
  const first = await checks.acquire(input);
  writeFileSync(join(first.path, 'left'), 'over');
  const again = await checks.acquire(input);
  expect(again.path).toBe(first.path);
  expect(existsSync(join(again.path, 'left'))).toBe(false);
  expect(await asAttempt(1, world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 0 });
  const record = join(again.path, '../tree.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace(/"startedAt":"[^"]*"/, '"startedAt":"long ago"'));
  expect(await asAttempt(1, world.trees.cleanHost, { hostQueue: 'q' })).toEqual({ removed: 1 });
  await again.release();
  expect(await checks.readFile(world.projectId, base, 'b.txt')).toBe('b\n');
  expect((await checks.listFiles(world.projectId, base)).map(({ path }) => path)).toEqual(['a.txt', 'b.txt']);
});

test('a host names its queue, unless its disk is nearly full', async () => {
  const host = { hostId: 'h1', hostQueue: 'millwright-host-h1', directory: world.deps.dataDirectory };
  const claim = (minFreeBytes: number) =>
    asAttempt(1, createHostClaimActivities({ ...host, minFreeBytes }).claimHost, { projectId: world.projectId });
  expect(await claim(0)).toEqual({ hostId: 'h1', hostQueue: 'millwright-host-h1' });
  await expect(claim(Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ details: { reason: 'DISK_FULL' } });
});
