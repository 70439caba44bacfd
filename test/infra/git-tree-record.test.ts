import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkFence } from '../../infra/git/fence.js';
import { listTree } from '../../infra/git/objects.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import type { Tree } from '../../infra/git/tree-record.js';
import { Trees } from '../../infra/git/trees.js';
import { makeFence, withAttempt } from '../../workflows/contract/fence.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { testGit } from '../support/git/repositories.js';

let world: GitWorld;
let trees: Trees;
let tree: Tree;
let base: string;

beforeEach(async () => {
  world = await gitWorld();
  base = world.source.commit('first', { 'a.txt': 'a\n' });
  await world.take(base);
  trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  tree = await acquire();
  await checkFence(tree, withAttempt(makeFence(1_000, 1), 1));
});
afterEach(() => world.remove());

const acquire = async (): Promise<Tree> => {
  const input = { treeId: 't1', projectId: 'p1', ownerId: 't1', mode: 'write', baseSha: base } as const;
  return (await trees.acquire({ repository: world.mirror, ...input })).tree;
};
const at = (name: string): string => join(tree.directory, name);
const zero = (path: string): void => writeFileSync(path, Buffer.alloc(readFileSync(path).length));
const rewrite = (from: string | RegExp, to: string) => (path: string) =>
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));

const HARMS: readonly (readonly [string, string, (path: string) => void])[] = [
  ['a record that was cut off', 'tree.json', (path) => truncateSync(path, 40)],
  ['an empty record', 'tree.json', (path) => truncateSync(path)],
  ['a zeroed record', 'tree.json', zero],
  ['a record without its sum', 'tree.json', rewrite(/^.*\n/, '')],
  ['a record that is no record', 'tree.json', (path) => writeFileSync(path, 'null\n')],
  ['a record that hides files', 'tree.json', rewrite('"excluded":[]', '"excluded":["work.txt"]')],
  ['a record of another base', 'tree.json', rewrite(/"baseSha":"[^"]*"/, `"baseSha":"${'f'.repeat(40)}"`)],
  ['an empty fence', 'fence', (path) => truncateSync(path)],
  ['a fence that nobody passes', 'fence', (path) => writeFileSync(path, 'zzz')],
];

test.each(HARMS)('%s is not trusted: the tree is lost, and made anew for whoever asks', async (_, name, harm) => {
  writeFileSync(join(tree.source, 'work.txt'), 'work\n');
  harm(at(name));
  await expect(trees.open('t1')).rejects.toMatchObject({ type: 'WorktreeLost' });
  await acquire();
  expect(existsSync(join(tree.source, 'work.txt'))).toBe(false);
  expect((await trees.open('t1')).record).toMatchObject({ baseSha: base, ready: true, excluded: [] });
  await checkFence(tree, withAttempt(makeFence(1_001, 1), 1));
});

test.each(['', 'deps-that-are-elsewhere\n'])(
  'outputs of setup stay out when the file that names them is %j',
  async (text) => {
    await trees.setLayer('t1', { repository: world.mirror, key: 'k', outputs: ['deps'] });
    writeFileSync(join(tree.source, 'deps'), 'much\n');
    writeFileSync(tree.excludeFile, text);
    const taken = await takeSnapshot(world.mirror, { tree, outputs: ['deps'] });
    const files = taken.kind === 'taken' ? await listTree(world.mirror, taken.tree) : [];
    expect(files.map(({ path }) => path)).toEqual(['a.txt']);
  },
);

test('of two attempts that come to a tree at once the newer is admitted, and the older is not', async () => {
  const [older, newer] = [1, 2].map((attempt) => withAttempt(makeFence(1_000, 2), attempt)) as [string, string]; // one for each number
  const [, late] = await Promise.allSettled([checkFence(tree, newer), checkFence(tree, older)]);
  expect(late).toMatchObject({ status: 'rejected', reason: { type: 'Superseded' } });
});
