// Names that reach git or the disk: what they may be is decided before either sees them.
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { requireObjectId } from '../../infra/git/operands.js';
import { branchRef, checkpointRef, isOwnRef } from '../../infra/git/refs.js';
import { parseSource } from '../../infra/git/source.js';
import { treeAt } from '../../infra/git/tree-record.js';

const INVALID = expect.objectContaining({ type: 'InvalidInput' });

test.each([
  '',
  'a'.repeat(201),
  'a b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  'a\nb',
  '-x',
  'a..b',
  'a@{1}',
  '@',
  'HEAD',
  'refs/heads/main',
  'a.',
  '.a',
  'a/.b',
  'a//b',
  '/a',
  'a/',
  'a.lock',
  'a.lock/b',
])('%j is no branch', (name) => {
  expect(() => branchRef(name)).toThrow(INVALID);
});

test('plain branch names are refs', () => {
  for (const name of ['main', 'feature/a-b_c.d', 'a@b', 'ünï']) expect(branchRef(name)).toBe(`refs/heads/${name}`);
});

test('only refs below our own prefixes, with plain names, are ours', () => {
  const ours = ['refs/heads/millwright/a', 'refs/heads/millwright-queue/main', 'refs/millwright/wip/a'];
  expect(ours.filter(isOwnRef)).toEqual(ours);
  const others = [
    'refs/heads/main',
    'refs/heads/millwright',
    'refs/heads/millwrights/a',
    'refs/heads/millwright/../main',
    'refs/heads/millwright/a:refs/heads/main',
    'refs/millwright/',
    'millwright/a',
    'refs/tags/millwright/a',
  ];
  expect(others.filter(isOwnRef)).toEqual([]);
});

test('a commit is named by its full id only', () => {
  const id = '0123456789abcdef0123456789abcdef01234567';
  expect(requireObjectId(id)).toBe(id);
  for (const other of [
    '',
    'main',
    'HEAD',
    id.slice(1),
    `${id}0`,
    id.toUpperCase(),
    `${id}^`,
    `-${id.slice(1)}`,
    `${id}\n`,
  ])
    expect(() => requireObjectId(other)).toThrow(INVALID);
});

test('checkpoints belong to ids of tasks, and trees to plain names', () => {
  const id = '01890A5D-AC96-774B-BCCE-B302099A8057';
  expect(checkpointRef(id)).toBe(`refs/millwright/wip/${id.toLowerCase()}`);
  for (const other of ['', 'a', '../x', `${id}/x`, `x${id}`]) expect(() => checkpointRef(other)).toThrow(INVALID);
  expect(treeAt('/trees', 'a-1').source).toBe(join('/trees', 'a-1', 'src'));
  for (const other of ['', '.', '..', '../x', 'a/b', '-a', 'A', 'a'.repeat(81), 'a\n'])
    expect(() => treeAt('/trees', other)).toThrow(INVALID);
});

test.each([
  'https://user@example.org/a',
  'https://:pass@example.org/a',
  'https://example.org/a#x',
  'https://example.org/a?x',
  'https://10.0.0.1/a',
  'https://0x7f.1/a',
  'https://intranet/a',
  'https://db.localhost/a',
  'https://example.org/',
  'http://example.org/a',
  `https://example.org/${'a'.repeat(2_000)}`,
  '/a\u0000b',
])('%j is no source', (text) => {
  expect(() => parseSource(text)).toThrow(INVALID);
});
