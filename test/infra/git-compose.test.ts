import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ComposeMember, composeCandidate } from '../../infra/git/compose.js';
import { whyNotWithin } from '../../infra/git/footprint.js';
import { mergeTrees } from '../../infra/git/merge.js';
import { firstParents, isAncestor, listTree, readCommit, readCommits, treeOf } from '../../infra/git/objects.js';
import { patchId } from '../../infra/git/patch-id.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';

let world: GitWorld;
let base: string;
const text = (line: (n: number) => string): string => Array.from({ length: 20 }, (_, n) => `${line(n)}\n`).join('');
const plain = text((n) => `line ${n}`);
const bot = { name: 'Millwright', email: 'bot@example.org' };

beforeAll(async () => {
  world = await gitWorld();
  base = world.source.commit('first', { 'a.txt': plain, 'b.txt': plain, 'src/c.py': 'if x:\n  y()\n' });
});
afterAll(() => world.remove());

const member = (entryId: string, headSha: string): ComposeMember => ({
  entryId,
  headSha,
  title: `Work of ${entryId}`,
  prNumber: 7,
  author: { name: 'Ada', email: 'ada@example.org' },
});

const branch = async (files: Record<string, string | null>, at = base): Promise<string> => {
  const sha = world.source.commitOn(at, 'work', files);
  await world.take(sha);
  return sha;
};

test('a candidate merges its member onto the base with both as parents', async () => {
  const head = await branch({ 'a.txt': text((n) => (n === 3 ? 'changed' : `line ${n}`)) });
  const outcome = await composeCandidate(world.mirror, { base, members: [member('e1', head)], committer: bot });
  if (outcome.kind !== 'composed') throw new Error(outcome.kind);
  expect(outcome.parent).toBe(base);
  expect(await readCommit(world.mirror, outcome.commit)).toMatchObject({
    tree: await treeOf(world.mirror, head),
    parents: [base, head],
    authorName: 'Ada',
    message: 'Work of e1 (#7)\n\nMillwright-Entry: e1',
  });
});

test('composing the same input again gives the same commit', async () => {
  const head = await branch({ 'b.txt': text((n) => (n === 5 ? 'again' : `line ${n}`)) });
  const compose = () => composeCandidate(world.mirror, { base, members: [member('e2', head)], committer: bot });
  expect(await compose()).toEqual(await compose());
});

test('members become one first-parent commit each, in order', async () => {
  const one = await branch({ 'a.txt': text((n) => (n === 1 ? 'one' : `line ${n}`)) });
  const two = await branch({ 'b.txt': text((n) => (n === 1 ? 'two' : `line ${n}`)) });
  const outcome = await composeCandidate(world.mirror, {
    base,
    members: [member('x', one), member('y', two)],
    committer: bot,
  });
  if (outcome.kind !== 'composed') throw new Error(outcome.kind);
  expect(await firstParents(world.mirror, { base, tip: outcome.commit })).toEqual([outcome.commit, outcome.parent]);
  expect(await isAncestor(world.mirror, one, outcome.commit)).toBe(true);
  expect(await isAncestor(world.mirror, outcome.commit, one)).toBe(false);
});

test('a conflict names the entry, whom it met and the files', async () => {
  const one = await branch({ 'a.txt': text((n) => (n === 2 ? 'mine' : `line ${n}`)) });
  const two = await branch({ 'a.txt': text((n) => (n === 2 ? 'yours' : `line ${n}`)) });
  expect(
    await composeCandidate(world.mirror, { base, members: [member('x', one), member('y', two)], committer: bot }),
  ).toEqual({ kind: 'conflict', with: { entryId: 'x' }, entryId: 'y', files: ['a.txt'] });
  expect(await composeCandidate(world.mirror, { base: one, members: [member('y', two)], committer: bot })).toEqual({
    kind: 'conflict',
    with: 'tip',
    entryId: 'y',
    files: ['a.txt'],
  });
});

test('a commit that is not in the mirror is an error and no conflict', async () => {
  const missing = '1234567890123456789012345678901234567890';
  await expect(mergeTrees(world.mirror, base, missing)).rejects.toMatchObject({ type: 'NotFound' });
});

test('a merge driver named in attributes does not run', async () => {
  const forked = await branch({ '.gitattributes': '*.txt merge=union\n' });
  const one = await branch({ 'a.txt': text((n) => (n === 2 ? 'mine' : `line ${n}`)) }, forked);
  const two = await branch({ 'a.txt': text((n) => (n === 2 ? 'yours' : `line ${n}`)) }, forked);
  expect(await mergeTrees(world.mirror, one, two)).toMatchObject({ kind: 'conflict', files: ['a.txt'] });
});

test('deletion, rename and binary conflicts come with git’s words', async () => {
  const gone = await branch({ 'b.txt': null });
  const kept = await branch({ 'b.txt': text((n) => (n === 9 ? 'kept' : `line ${n}`)) });
  const merged = await mergeTrees(world.mirror, gone, kept);
  expect(merged).toMatchObject({
    kind: 'conflict',
    files: ['b.txt'],
    notes: [{ paths: ['b.txt'], kind: 'CONFLICT (modify/delete)' }],
  });
});

test('names that are no UTF-8 and names with line breaks survive parsing', async () => {
  const odd = await branch({ 'odd\nname.txt': 'x\n', '-rf': 'y\n', '"quoted".txt': 'z\n' });
  const names = (await listTree(world.mirror, odd)).map(({ path }) => path);
  expect(names).toEqual(expect.arrayContaining(['odd\nname.txt', '-rf', '"quoted".txt']));
});

test('the facts of several commits are read by one git, the same commit twice as well', async () => {
  const head = await branch({ 'b.txt': 'read\n' });
  const facts = await readCommits(world.mirror, [head, base, head]);
  expect([...facts.keys()]).toEqual([head, base]);
  expect(facts.get(head)).toEqual(await readCommit(world.mirror, head));
  expect(facts.get(base)?.parents).toEqual([]);
});

test('the patch id stays through a rebase and changes with white space', async () => {
  const head = await branch({ 'src/c.py': 'if x:\n  y()\n  z()\n' });
  const indented = await branch({ 'src/c.py': 'if x:\n  y()\nz()\n' });
  const moved = await branch({ 'b.txt': 'other\n' });
  const rebased = await branch({ 'src/c.py': 'if x:\n  y()\n  z()\n' }, moved);
  const first = await patchId(world.mirror, base, head);
  expect(first).toMatch(/^[0-9a-f]{40}$/);
  expect(await patchId(world.mirror, moved, rebased)).toBe(first);
  expect(await patchId(world.mirror, base, indented)).not.toBe(first);
  expect(await patchId(world.mirror, base, base)).toBe('');
});

test('the footprint names files that no member changed, and follows renames on the base', async () => {
  const head = await branch({ 'a.txt': text((n) => (n === 4 ? 'mine' : `line ${n}`)) });
  const tip = await branch({ 'a.txt': null, 'moved/a.txt': plain });
  const outcome = await composeCandidate(world.mirror, { base: tip, members: [member('r', head)], committer: bot });
  expect(outcome.kind).toBe('composed');
  const stray = await branch({ 'a.txt': 'x\n', 'b.txt': 'stray\n' });
  expect(await whyNotWithin(world.mirror, { base, candidate: stray, heads: [head] })).toEqual(['b.txt']);
});
