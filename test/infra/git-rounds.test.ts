import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { dropCheckpoint, findCheckpoint, keepCheckpoint } from '../../infra/git/checkpoint.js';
import { diffText, listChanges } from '../../infra/git/diff.js';
import { checkFence } from '../../infra/git/fence.js';
import { graphText, listCommits } from '../../infra/git/log.js';
import { readCommit, treeOf } from '../../infra/git/objects.js';
import { pushOwnRef } from '../../infra/git/push.js';
import { filesWithMarkers, prepareRebase } from '../../infra/git/rebase.js';
import { readTip } from '../../infra/git/remote-refs.js';
import { commitRound } from '../../infra/git/rounds.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import type { Tree } from '../../infra/git/tree-record.js';
import { Trees } from '../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { testGit } from '../support/git/repositories.js';

const TASK = '01900000-0000-7000-8000-0123456789ab';
const BRANCH = 'millwright/work-0123456789ab';
let world: GitWorld;
let trees: Trees;
let tree: Tree;
let base: string;

beforeEach(async () => {
  world = await gitWorld();
  base = world.source.commit('first', { 'a.txt': '1\n2\n3\n', 'b.txt': 'b\n', 'bin.dat': 'x\0y' });
  await world.take(base);
  trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  ({ tree } = await acquire('t1', base));
});
afterEach(() => world.remove());

const acquire = (treeId: string, baseSha: string, checkOut?: string) =>
  trees.acquire({
    repository: world.mirror,
    treeId,
    projectId: 'p',
    ownerId: treeId,
    mode: 'write',
    baseSha,
    ...(checkOut === undefined ? {} : { checkOut }),
  });
const edit = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tree.source, name), text);
};
const round = async (parents: readonly string[], atSeconds = 2_000_000_000) => {
  const taken = await takeSnapshot(world.mirror, { tree });
  if (taken.kind !== 'taken') throw new Error(taken.why);
  return commitRound(world.mirror, {
    tree: taken.tree,
    parents,
    message: 'Add a thing',
    trailer: `Millwright-Task: ${TASK}`,
    author: { name: 'Millwright', email: 'm@example.org' },
    atSeconds,
    branch: BRANCH,
    remote: world.remote,
  });
};

test('a round becomes one commit on the pushed branch', async () => {
  edit({ 'a.txt': 'one\n' });
  const done = await round([base]);
  expect(done).toEqual({ headSha: expect.any(String), files: ['a.txt'] });
  expect(await readTip(world.mirror, world.remote, BRANCH)).toBe(done?.headSha);
  expect(await readCommit(world.mirror, done?.headSha ?? '')).toMatchObject({
    parents: [base],
    message: `Add a thing\n\nMillwright-Task: ${TASK}`,
    committedAtSeconds: 2_000_000_000,
  });
});

test('a repeated round is the same commit, also when the repetition has another date', async () => {
  edit({ 'a.txt': 'one\n' });
  const first = await round([base]);
  expect(await round([base])).toEqual(first);
  expect(await round([base], 2_000_000_100)).toEqual(first);
});

test('a round without a change is no commit, a merge without one is', async () => {
  expect(await round([base])).toBeUndefined();
  const tip = world.source.commitOn(base, 'tip', { 'b.txt': 'tip\n' });
  await world.take(tip);
  expect(await round([base, tip])).toBeDefined();
});

test('what an earlier life of the task left on its branch is replaced', async () => {
  edit({ 'a.txt': 'first life\n' });
  await round([base]);
  edit({ 'a.txt': 'second life\n' });
  const second = await round([base]);
  expect(await readTip(world.mirror, world.remote, BRANCH)).toBe(second?.headSha);
});

test('a commit of somebody else on the branch is a conflict', async () => {
  const other = world.source.commitOn(base, 'by a person', { 'b.txt': 'theirs\n' });
  await world.take(other);
  await pushOwnRef(world.mirror, world.remote, { ref: `refs/heads/${BRANCH}`, to: other, expected: undefined });
  edit({ 'a.txt': 'ours\n' });
  await expect(round([base])).rejects.toMatchObject({ type: 'Conflict' });
  expect(await readTip(world.mirror, world.remote, BRANCH)).toBe(other);
});

test('a commit that takes in what somebody else pushed goes on top of it', async () => {
  edit({ 'a.txt': 'ours\n' });
  const ours = (await round([base]))?.headSha ?? '';
  const other = world.source.commitOn(base, 'by a person', { 'b.txt': 'theirs\n' });
  await world.take(other);
  await pushOwnRef(world.mirror, world.remote, { ref: `refs/heads/${BRANCH}`, to: other, expected: ours });
  edit({ 'a.txt': 'ours\n', 'b.txt': 'theirs\n' });
  const both = await round([ours, other]);
  expect(await readTip(world.mirror, world.remote, BRANCH)).toBe(both?.headSha);
});

test('a checkpoint keeps the files, and a tree is rebuilt from it elsewhere', async () => {
  edit({ 'a.txt': 'kept\n', 'new.txt': 'new\n' });
  const kept = await keepCheckpoint(world.mirror, { tree, taskId: TASK, baseSha: base });
  if (kept.kind !== 'kept') throw new Error(kept.why);
  expect(await keepCheckpoint(world.mirror, { tree, taskId: TASK, baseSha: base })).toEqual(kept);
  expect(await findCheckpoint(world.mirror, TASK)).toBe(kept.sha);
  const rebuilt = await acquire('t2', base, kept.sha);
  expect(readFileSync(join(rebuilt.tree.source, 'new.txt'), 'utf8')).toBe('new\n');
  await dropCheckpoint(world.mirror, TASK);
  await dropCheckpoint(world.mirror, TASK);
  expect(await findCheckpoint(world.mirror, TASK)).toBeUndefined();
});

test('a rebase writes the merge with its markers and says every conflict in words', async () => {
  edit({ 'a.txt': '1\nmine\n3\n', 'bin.dat': 'm\0m', 'b.txt': 'mine\n' });
  const head = (await round([base]))?.headSha ?? '';
  const tip = world.source.commitOn(base, 'tip', {
    'a.txt': '1\ntheirs\n3\n',
    'bin.dat': 't\0t',
    'b.txt': null,
    'n.txt': 'n\n',
  });
  await world.take(tip);
  const prepared = await prepareRebase(world.mirror, { trees, treeId: 't1', tip, headSha: head });
  expect(prepared).toEqual({
    kind: 'conflict',
    files: [
      { path: 'a.txt', what: 'both sides changed the same lines: resolve the marked parts' },
      {
        path: 'b.txt',
        what: 'the target branch deleted it and you changed it; your version is in the tree, delete it or keep it',
      },
      {
        path: 'bin.dat',
        what: expect.stringContaining('both sides changed this binary file; your version is in the tree'),
      },
    ],
  });
  expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toMatch(/<{7} .*\nmine\n={7}\ntheirs\n>{7} /);
  expect(readFileSync(join(tree.source, 'n.txt'), 'utf8')).toBe('n\n');
  const markers = async () => {
    const taken = await takeSnapshot(world.mirror, { tree });
    return filesWithMarkers(world.mirror, {
      at: taken.kind === 'taken' ? taken.tree : '',
      paths: prepared.files.map(({ path }) => path),
    });
  };
  expect(await markers()).toEqual(['a.txt']);
  edit({ 'a.txt': '1\nboth\n=======\n3\n' });
  rmSync(join(tree.source, 'b.txt'));
  expect(await markers()).toEqual([]);
  const merged = await round([head, tip]);
  expect(await readCommit(world.mirror, merged?.headSha ?? '')).toMatchObject({ parents: [head, tip] });
});

test('a rebase without a conflict leaves the clean merge in the tree', async () => {
  edit({ 'a.txt': 'mine\n' });
  const head = (await round([base]))?.headSha ?? '';
  const tip = world.source.commitOn(base, 'tip', { 'b.txt': 'tip\n' });
  await world.take(tip);
  expect(await prepareRebase(world.mirror, { trees, treeId: 't1', tip, headSha: head })).toEqual({
    kind: 'clean',
    files: [],
  });
  expect(readFileSync(join(tree.source, 'b.txt'), 'utf8')).toBe('tip\n');
  expect(readFileSync(join(tree.source, 'a.txt'), 'utf8')).toBe('mine\n');
});

test('a newer fence shuts older writers out, an equal one goes on', async () => {
  await checkFence(tree, '000000000000002.00000001.0001');
  await checkFence(tree, '000000000000002.00000001.0001');
  await expect(checkFence(tree, '000000000000001.00000009.0001')).rejects.toMatchObject({ type: 'Superseded' });
  await checkFence(tree, '000000000000002.00000001.0002');
  await expect(checkFence(tree, '000000000000002.00000001.0001')).rejects.toMatchObject({ type: 'Superseded' });
});

test('people read diffs with renames, counts and a cut', async () => {
  const to = world.source.commitOn(base, 'work', {
    'b.txt': null,
    'c.txt': 'b\n',
    'a.txt': '1\n2\n3\n4\n',
    'bin.dat': 'z\0',
  });
  await world.take(to);
  expect(await listChanges(world.mirror, { from: base, to })).toEqual([
    { status: 'M', path: 'a.txt', added: 1, deleted: 0 },
    { status: 'M', path: 'bin.dat', added: null, deleted: null },
    { status: 'R', path: 'c.txt', previousPath: 'b.txt', added: 0, deleted: 0 },
  ]);
  const cut = await diffText(world.mirror, { from: base, to, maxBytes: 40 });
  expect(cut).toEqual({ text: expect.stringMatching(/^diff --git/), truncated: true });
  expect((await diffText(world.mirror, { from: base, to })).text).toContain('+4\n');
  expect(await treeOf(world.mirror, to)).not.toBe(await treeOf(world.mirror, base));
});

test('history is listed newest first', async () => {
  const to = world.source.commitOn(base, 'work', { 'a.txt': 'x\n' });
  await world.take(to);
  const log = await listCommits(world.mirror, { tip: to });
  expect(log.map(({ sha, subject }) => [sha, subject])).toEqual([
    [to, 'work'],
    [base, 'first'],
  ]);
  expect(await graphText(world.mirror, { tip: to })).toMatch(/^\* [0-9a-f]+ work\n\* [0-9a-f]+ first$/);
});

test('a name with control characters and a time that no clock shows are listed', async () => {
  const tree = world.source.git('rev-parse', `${base}^{tree}`);
  const author = 'A\u001fB <a@example.org> 99999999999999 +0000';
  const file = join(world.source.dir, '.git', 'odd-commit');
  writeFileSync(file, `tree ${tree}\nparent ${base}\nauthor ${author}\ncommitter ${author}\n\nodd\u001fsubject\n`);
  const odd = world.source.git('hash-object', '-t', 'commit', '-w', '--literally', file);
  const [entry] = await listCommits({ git: testGit(), dir: join(world.source.dir, '.git') }, { tip: odd, limit: 1 });
  expect(entry).toMatchObject({ sha: odd, parents: [base], authorName: 'A\u001fB', subject: 'odd\u001fsubject' });
  expect(Number.isNaN(Date.parse(entry?.committedAt ?? ''))).toBe(false);
});
