import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readFileAt } from '../../infra/git/blobs.js';
import { importSource } from '../../infra/git/import.js';
import { inspectCommit } from '../../infra/git/inspect.js';
import { readTip } from '../../infra/git/remote-refs.js';
import { normaliseSource, parseSource } from '../../infra/git/source.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { sourceRepository, TREE_OWNER, temporaryHome } from '../support/git/repositories.js';

let world: GitWorld;
let outside: { path: string; remove(): void };
let path: string;

beforeEach(async () => {
  world = await gitWorld();
  outside = temporaryHome();
  path = join(outside.path, "it's a repo");
});
afterEach(() => {
  world.remove();
  outside.remove();
});

const importFrom = (from = path, branch?: string) =>
  importSource(world.mirror, {
    source: parseSource(from),
    dataDirectory: world.home,
    remote: world.remote,
    ...(branch === undefined ? {} : { branch }),
  });

test('the default branch is imported, and importing again moves nothing', async () => {
  const source = sourceRepository(path);
  const tip = source.commit('first', { 'a.txt': 'a\n' });
  expect(await importFrom()).toEqual({ branch: 'main', tip, moved: true });
  expect(await importFrom()).toEqual({ branch: 'main', tip, moved: false });
  const later = source.commit('second', { 'a.txt': 'b\n' });
  expect(await importFrom()).toEqual({ branch: 'main', tip: later, moved: true });
  expect(await readTip(world.mirror, world.remote, 'main')).toBe(later);
});

test('a file is no repository, nor is a directory that holds none', async () => {
  const file = join(outside.path, 'file');
  writeFileSync(file, '');
  await expect(importFrom(file)).rejects.toMatchObject({ type: 'InvalidInput' });
  await expect(importFrom(outside.path)).rejects.toMatchObject({ type: 'NotFound', details: { reason: 'REPOSITORY' } });
});

test('a file of a commit is read as far as is allowed, and a directory or a link is none', async () => {
  const source = sourceRepository(path);
  symlinkSync('a.txt', join(path, 'link'));
  const at = source.commit('first', { 'a.txt': '12345', 'dir/b.txt': 'b' });
  await importFrom();
  const read = (name: string, maxBytes?: number) =>
    readFileAt(world.mirror, { at, path: name, ...(maxBytes === undefined ? {} : { maxBytes }) });
  expect((await read('a.txt', 5))?.toString()).toBe('12345');
  await expect(read('a.txt', 4)).rejects.toMatchObject({ type: 'InvalidInput', details: { reason: 'TOO_LARGE' } });
  for (const name of ['dir', 'link', 'nothing']) expect(await read(name)).toBeUndefined();
});

test('a repository of another owner is imported', async () => {
  const source = sourceRepository(path);
  source.commit('first', { 'a.txt': 'a\n' });
  if (TREE_OWNER !== undefined) for (const p of [path, join(path, '.git')]) chownSync(p, 12_345, 12_345);
  expect(await importFrom()).toMatchObject({ moved: true });
});

test('a bare repository and a link to one are imported', async () => {
  const source = sourceRepository(path);
  const tip = source.commit('first', { 'a.txt': 'a\n' });
  spawnSync('git', ['clone', '-q', '--bare', path, join(outside.path, 'bare.git')]);
  symlinkSync(join(outside.path, 'bare.git'), join(outside.path, 'link'));
  expect(await importFrom(join(outside.path, 'link'))).toEqual({ branch: 'main', tip, moved: true });
});

test('a forge that is ahead of the source stays as it is', async () => {
  const source = sourceRepository(path);
  source.commit('first', { 'a.txt': 'a\n' });
  await importFrom();
  const landed = source.commitOn('main', 'landed by us', { 'b.txt': 'b\n' });
  source.git('push', '-q', world.forge.dir, `${landed}:refs/heads/main`);
  expect(await importFrom()).toEqual({ branch: 'main', tip: landed, moved: false });
});

test('a diverged source is a conflict that says what to do, and nothing moves', async () => {
  const source = sourceRepository(path);
  source.commit('first', { 'a.txt': 'a\n' });
  await importFrom();
  const landed = source.commitOn('main', 'landed by us', { 'b.txt': 'b\n' });
  source.git('push', '-q', world.forge.dir, `${landed}:refs/heads/main`);
  source.commit('own work', { 'c.txt': 'c\n' });
  await expect(importFrom()).rejects.toMatchObject({
    type: 'Conflict',
    message: expect.stringContaining('git pull'),
    details: { reason: 'DIVERGED' },
  });
  expect(await readTip(world.mirror, world.remote, 'main')).toBe(landed);
});

test('empty, shallow, SHA-256, missing and inner repositories are refused', async () => {
  const source = sourceRepository(path);
  await expect(importFrom()).rejects.toMatchObject({ type: 'InvalidInput', details: { reason: 'EMPTY_REPOSITORY' } });
  source.commit('one', { 'a.txt': '1\n' });
  source.commit('two', { 'a.txt': '2\n' });
  await expect(importFrom(path, 'none')).rejects.toMatchObject({ type: 'NotFound' });
  const shallow = join(outside.path, 'shallow');
  spawnSync('git', ['clone', '-q', '--depth', '1', `file://${path}`, shallow]);
  await expect(importFrom(shallow)).rejects.toMatchObject({ details: { reason: 'SHALLOW_REPOSITORY' } });
  const sha256 = join(outside.path, 'sha256');
  spawnSync('git', ['init', '-q', '-b', 'main', '--object-format=sha256', sha256]);
  spawnSync('git', ['-C', sha256, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'x', '--allow-empty']);
  await expect(importFrom(sha256)).rejects.toMatchObject({ type: 'InvalidInput' });
  mkdirSync(join(outside.path, 'plain'));
  await expect(importFrom(join(outside.path, 'plain'))).rejects.toMatchObject({ type: 'NotFound' });
  await expect(importFrom(join(outside.path, 'none'))).rejects.toMatchObject({ type: 'NotFound' });
  await expect(importFrom(world.forge.dir)).rejects.toMatchObject({ type: 'InvalidInput' });
});

test('a repository that borrows the objects of another one is refused', async () => {
  sourceRepository(path).commit('one', { 'a.txt': '1\n' });
  const borrower = join(outside.path, 'borrower');
  spawnSync('git', ['clone', '-q', '--shared', path, borrower]);
  await expect(importFrom(borrower)).rejects.toMatchObject({ details: { reason: 'BORROWED_OBJECTS' } });
  const linked = join(outside.path, 'linked');
  mkdirSync(linked);
  spawnSync('sh', [
    '-c',
    'cp -r "$0/.git" "$1/.git"; rm -rf "$1/.git/objects"; ln -s "$0/.git/objects" "$1/.git"',
    path,
    linked,
  ]);
  await expect(importFrom(linked)).rejects.toMatchObject({ details: { reason: 'BORROWED_OBJECTS' } });
});

test.each([
  'file:///etc',
  'ssh://-oProxyCommand=x/y',
  'ext::sh -c x',
  '--upload-pack=x',
  'relative/path',
  'git@github.com:a/b',
  'http://example.org/a',
  'https://user:pass@example.org/a',
  'https://example.org/a?x=1',
  'https://example.org\\@evil.org/a',
  'https://2130706433/a',
  'https://[::1]/a',
  'https://localhost/a',
  'https://example.org',
  'https://example.org\\\\@evil.org/a',
  '/path\nwith line',
])('%j is no source', (text) => {
  expect(() => parseSource(text)).toThrow(expect.objectContaining({ type: 'InvalidInput' }));
});

test('addresses of one repository are one text', () => {
  const texts = ['https://example.org/a/b', 'https://example.org/a/b.git', 'https://EXAMPLE.org/a/b/'];
  expect(new Set(texts.map((text) => normaliseSource(parseSource(text)))).size).toBe(1);
});

test('submodules are refused, large-file pointers and colliding names are told', async () => {
  const source = sourceRepository(path);
  const plain = source.commit('first', { 'a.txt': 'a\n' });
  source.git('update-index', '--add', '--cacheinfo', `160000,${plain},vendor/lib`);
  source.git('commit', '-qm', 'submodule');
  source.write({ '.gitattributes': '*.bin filter=lfs diff=lfs\n', 'README.md': 'a', 'readme.md': 'b' });
  source.git('add', '.gitattributes', 'README.md', 'readme.md');
  source.git('commit', '-qm', 'odd');
  const { tip } = await importFrom();
  const facts = await inspectCommit(world.mirror, tip);
  expect(facts.refusals).toEqual(['submodules are not supported: vendor/lib']);
  expect(facts.warnings).toEqual([
    'names that differ only by case: readme.md',
    'Git LFS files stay pointers in working trees',
  ]);
});
