import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findCheckpoint, keepCheckpoint } from '../../infra/git/checkpoint.js';
import { createMending } from '../../infra/git/mending.js';
import { fetchAllBranches } from '../../infra/git/mirror.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { listTree, readCommit, treeOf } from '../../infra/git/objects.js';
import { pushLanding, pushOwnRef } from '../../infra/git/push.js';
import { readTip } from '../../infra/git/remote-refs.js';
import type { GitRemote, Repository } from '../../infra/git/repository.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import { Trees } from '../../infra/git/trees.js';
import { areRefsWhole, isWhole } from '../../infra/git/whole.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { testGit } from '../support/git/repositories.js';

const TASK = '01900000-0000-7000-8000-000000000001';

let world: GitWorld;
let mirror: Repository;
let forge: Repository;
let base: string;
let warned: string[];
let remote: GitRemote;

beforeEach(async () => {
  world = await gitWorld();
  warned = [];
  remote = world.remote;
  const directories = (git: Repository['git']) => ({
    mirrors: new ProjectRepositories(git, join(world.home, 'mirrors')),
    forge: new ProjectRepositories(git, join(world.home, 'forge')),
  });
  const git = testGit(
    createMending({
      ...directories(testGit()),
      remote: async () => remote,
      warn: (_, words) => void warned.push(words),
    }),
  );
  const { mirrors, forge: forges } = directories(git);
  mirror = await mirrors.open('project');
  forge = await forges.open('project');
  world.source.commit('first', { 'a.txt': 'a\n', 'dir/b.txt': 'b\n' });
  base = world.source.commit('second', { 'a.txt': 'a2\n', 'dir/c.txt': 'c\n' });
  world.source.git('push', '-q', forge.dir, 'main');
  await fetchAllBranches(mirror, world.remote);
});
afterEach(() => world.remove());

const looseFile = ({ dir }: Repository, sha: string): string => join(dir, 'objects', sha.slice(0, 2), sha.slice(2));

const empty = (repo: Repository, sha: string): void => {
  chmodSync(looseFile(repo, sha), 0o644);
  truncateSync(looseFile(repo, sha));
};

/** Every object loose, where each can be hit alone. */
const explode = ({ dir }: Repository): void => {
  const packs = join(dir, 'objects/pack');
  for (const name of readdirSync(packs).filter((one) => one.endsWith('.pack'))) {
    const pack = readFileSync(join(packs, name));
    for (const end of ['.pack', '.idx']) rmSync(join(packs, name.replace('.pack', end)), { force: true });
    const done = spawnSync('git', ['unpack-objects', '-q'], { cwd: dir, input: pack });
    if (done.status !== 0) throw new Error(String(done.stderr));
  }
};

const pack = ({ dir }: Repository): string => {
  spawnSync('git', ['repack', '-a', '-d', '-q'], { cwd: dir });
  const name = readdirSync(join(dir, 'objects/pack')).find((one) => one.endsWith('.pack'));
  return join(dir, 'objects/pack', name ?? '');
};

const flip = (path: string): void => {
  const content = readFileSync(path);
  content.fill(0xa5, Math.floor(content.length / 2), Math.floor(content.length / 2) + 8);
  chmodSync(path, 0o644);
  writeFileSync(path, content);
};

const takeTree = async (): Promise<Awaited<ReturnType<Trees['acquire']>>> =>
  new Trees({ git: mirror.git, root: join(world.home, 'trees') }).acquire({
    repository: mirror,
    treeId: 't1',
    projectId: 'project',
    ownerId: 't1',
    mode: 'write',
    baseSha: base,
  });

test.each(['commit', 'tree', 'blob'])('an emptied %s of the mirror comes back from the forge', async (what) => {
  explode(mirror);
  const files = await listTree(mirror, base);
  const ids = { commit: base, tree: await treeOf(mirror, base), blob: files[0]?.blob ?? '' };
  empty(mirror, ids[what as keyof typeof ids]);
  await takeTree();
  expect(await listTree(mirror, base)).toEqual(files);
  expect(await areRefsWhole(mirror)).toBe(true);
  const [aside] = readdirSync(join(world.home, 'mirrors/project.damaged'));
  expect(readdirSync(join(world.home, 'mirrors/project.damaged', aside ?? ''))).toHaveLength(1);
  expect(warned).toEqual([
    'a repository holds damaged files: they are set aside',
    'the repositories of a project are whole again',
  ]);
});

test('a damaged pack is replaced', async () => {
  flip(pack(mirror));
  await takeTree();
  expect(await areRefsWhole(mirror)).toBe(true);
});

test('an object that is simply gone comes back as well', async () => {
  explode(mirror);
  rmSync(looseFile(mirror, await treeOf(mirror, base)));
  await takeTree();
  expect(await areRefsWhole(mirror)).toBe(true);
});

test('the local forge gets its objects back from the mirror, and its branches stay where they are', async () => {
  explode(forge);
  for (const sha of [base, await treeOf(mirror, base)]) empty(forge, sha);
  const next = world.source.commit('third', { 'd.txt': 'd\n' });
  await world.take(next);
  expect(await pushLanding(mirror, world.remote, { branch: 'main', base, commit: next })).toEqual({ kind: 'pushed' });
  expect(await readTip(mirror, world.remote, 'main')).toBe(next);
  expect(await areRefsWhole(forge)).toBe(true);
});

test('a forge whose objects are nowhere says so, and what to do', async () => {
  explode(forge);
  explode(mirror);
  const tree = await treeOf(mirror, base);
  for (const repo of [forge, mirror]) empty(repo, tree);
  await expect(takeTree()).rejects.toMatchObject({
    type: 'Unavailable',
    details: { reason: 'REPOSITORY_DAMAGED' },
    message: expect.stringMatching(/lost objects of refs\/heads\/main .* restore a backup/),
  });
  expect(await readTip(mirror, world.remote, 'main')).toBe(base);
});

test('a mirror whose forge is elsewhere gets everything from there', async () => {
  explode(mirror);
  for (const id of [base, await treeOf(mirror, base)]) empty(mirror, id);
  const elsewhere = join(world.home, 'elsewhere.git');
  renameSync(forge.dir, elsewhere);
  remote = { url: elsewhere, transport: 'file' };
  await takeTree();
  expect(await areRefsWhole(mirror)).toBe(true);
});

test('a commit that nobody has is no damage', async () => {
  await expect(readCommit(mirror, 'f'.repeat(40))).rejects.toMatchObject({ type: 'NotFound' });
  expect(warned).toEqual([]);
});

test('a checkpoint that is lost goes with its ref', async () => {
  const { tree } = await takeTree();
  writeFileSync(join(tree.source, 'work.txt'), 'work\n');
  const checkpoint = { tree, taskId: TASK, baseSha: base };
  const kept = await keepCheckpoint(mirror, checkpoint);
  const sha = kept.kind === 'kept' ? kept.sha : '';
  const work = (await listTree(mirror, sha)).find(({ path }) => path === 'work.txt')?.blob ?? '';
  for (const id of [work, await treeOf(mirror, sha)]) empty(mirror, id);
  expect(await isWhole(mirror, sha)).toBe(false);
  expect(await findCheckpoint(mirror, TASK)).toBeUndefined();
});

test('after a loss a snapshot writes every file again whose object is gone', async () => {
  const { tree } = await takeTree();
  writeFileSync(join(tree.source, 'work.txt'), 'work\n');
  const first = await takeSnapshot(mirror, { tree });
  const id = first.kind === 'taken' ? first.tree : '';
  const work = (await listTree(mirror, id)).find(({ path }) => path === 'work.txt')?.blob ?? '';
  for (const one of [work, id]) empty(mirror, one);
  await listTree(mirror, id).catch(() => undefined);
  expect(await takeSnapshot(mirror, { tree })).toEqual(first);
  const commit = await keepCheckpoint(mirror, { tree, taskId: TASK, baseSha: base });
  const sha = commit.kind === 'kept' ? commit.sha : '';
  expect(await isWhole(mirror, sha)).toBe(true);
  await pushOwnRef(mirror, world.remote, { ref: 'refs/heads/millwright/x', to: sha, expected: undefined });
});
