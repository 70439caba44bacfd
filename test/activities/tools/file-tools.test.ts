import { execFileSync } from 'node:child_process';
import { linkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FileTools } from '../../../activities/agents/tools/file-tools.js';
import type { FileAnswer, FileRequest } from '../../../activities/agents/tools/program/answer.js';
import { giveAway, SandboxHome } from '../../support/sandbox/home.js';

let home: SandboxHome;
let tools: FileTools;
beforeAll(async () => {
  home = await SandboxHome.open();
  tools = await FileTools.open(home.sandbox, join(home.directory, 'tools'));
});
afterAll(() => home.remove());

const call = (path: string, request: FileRequest, isReadOnly = false): Promise<FileAnswer> =>
  tools.run(request, { path, isReadOnly, isolation: 'bubblewrap', ignoredPaths: ['out'] });

const read = (tree: string, path: string, offset = 1, limit = 2000): Promise<FileAnswer> =>
  call(tree, { tool: 'read_file', path, offset, limit });
const write = (tree: string, path: string, content: string): Promise<FileAnswer> =>
  call(tree, { tool: 'write_file', path, content });
const edit = (tree: string, path: string, oldText: string, newText: string, replaceAll = false): Promise<FileAnswer> =>
  call(tree, { tool: 'edit_file', path, oldText, newText, replaceAll });
const search = (
  tree: string,
  pattern: string,
  more: { path?: string; glob?: string; maxResults?: number } = {},
): Promise<FileAnswer> => call(tree, { tool: 'search', path: '', pattern, maxResults: 100, ...more });

const text = (answer: FileAnswer): string => (answer.ok ? answer.text : `${answer.code}: ${answer.message}`);
const code = (answer: FileAnswer): string => (answer.ok ? 'ok' : answer.code);

test('a long file is read in parts, and each part says where the next begins', async () => {
  const tree = await home.tree({ 'a.txt': 'one\ntwo\nthree\nfour\n' });
  expect(text(await read(tree, 'a.txt', 1, 2))).toBe('one\ntwo\n… 2 more lines, go on with offset 3');
  expect(text(await read(tree, 'a.txt', 3, 2))).toBe('three\nfour');
  expect(text(await read(tree, 'a.txt', 5))).toBe('INVALID_INPUT: a.txt has only 4 lines.');
});

test('a write replaces the file as a whole, keeps its mode and makes directories', async () => {
  const tree = await home.tree({ 'run.sh': 'old' });
  await chmod(join(tree, 'run.sh'), 0o4755);
  await giveAway(join(tree, 'run.sh'));
  const [over, made] = [await write(tree, 'run.sh', 'new'), await write(tree, 'x/y/z.txt', 'deep')];
  expect([text(over), text(made)]).toEqual(['Replaced run.sh (3 bytes).', 'Created x/y/z.txt (4 bytes).']);
  expect((await lstat(join(tree, 'run.sh'))).mode & 0o7777).toBe(0o755);
  expect(await readFile(join(tree, 'x/y/z.txt'), 'utf8')).toBe('deep');
  expect(await readdir(tree)).toEqual(['run.sh', 'x']);
});

test('an edit needs one exact place, or says that all are meant', async () => {
  const tree = await home.tree({ 'a.txt': 'a b a $& \u00e4' });
  expect(text(await edit(tree, 'a.txt', 'missing', 'x'))).toMatch(/^INVALID_INPUT: old_text does not occur/);
  expect(text(await edit(tree, 'a.txt', 'a', 'x'))).toMatch(/^INVALID_INPUT: old_text occurs 2 times/);
  expect(code(await edit(tree, 'a.txt', 'b', '$&'))).toBe('ok');
  expect(code(await edit(tree, 'a.txt', 'a', 'c', true))).toBe('ok');
  expect(await readFile(join(tree, 'a.txt'), 'utf8')).toBe('c $& c $& \u00e4');
});

test('an edit leaves bytes that are no UTF-8 as they are', async () => {
  const tree = await home.tree();
  await writeFile(join(tree, 'latin1'), Buffer.from([0xe4, 0x20, 0x61, 0x0a]));
  await giveAway(tree);
  expect(code(await edit(tree, 'latin1', 'a', 'b'))).toBe('ok');
  expect([...(await readFile(join(tree, 'latin1')))]).toEqual([0xe4, 0x20, 0x62, 0x0a]);
});

test('files are listed in order, by glob, without what is generated', async () => {
  const tree = await home.tree({
    'b.ts': '',
    'a/x.ts': '',
    'a.md': '',
    'node_modules/m/i.js': '',
    'out/o.ts': '',
    '.hidden': '',
  });
  const list = (path: string, glob?: string) => call(tree, { tool: 'list_files', path, ...(glob ? { glob } : {}) });
  expect(text(await list(''))).toBe('.hidden\na.md\na/x.ts\nb.ts');
  expect(text(await list('.', '**/*.ts'))).toBe('a/x.ts\nb.ts');
  expect(text(await list('a'))).toBe('a/x.ts');
  expect(text(await list('missing'))).toBe('RESOURCE_NOT_FOUND: missing does not exist.');
});

test('a search answers path, line number and line, up to its bound', async () => {
  const tree = await home.tree({ 'a.ts': 'let x = 1;\nlet y = 2;\n', 'b.md': 'let z\n', bin: 'let\0' });
  expect(text(await search(tree, '^let .=?'))).toBe('a.ts:1: let x = 1;\na.ts:2: let y = 2;\nb.md:1: let z');
  expect(text(await search(tree, 'let', { glob: '*.ts', maxResults: 1 }))).toBe(
    'a.ts:1: let x = 1;\n… more than 1 lines: narrow the search',
  );
  expect(text(await search(tree, 'let', { path: 'b.md' }))).toBe('b.md:1: let z');
  expect(text(await search(tree, '('))).toMatch(/^INVALID_INPUT: pattern is no regular expression/);
});

test('a regular expression that never ends is ended', async () => {
  const fast = await FileTools.open(
    { run: (command, signal) => home.sandbox.run({ ...command, limits: { ...command.limits, wallMs: 800 } }, signal) },
    join(home.directory, 'tools'),
  );
  const tree = await home.tree({ a: `${'a'.repeat(50)}b` });
  const request = { tool: 'search', path: '', pattern: '^(a+)+$', maxResults: 1 } as const;
  expect(
    text(await fast.run(request, { path: tree, isReadOnly: false, isolation: 'bubblewrap', ignoredPaths: [] })),
  ).toMatch(/took too long/);
});

test.each([
  ['/etc/passwd', 'PERMISSION_DENIED'],
  ['../other/file', 'PERMISSION_DENIED'],
  ['a/../../x', 'PERMISSION_DENIED'],
  ['..', 'PERMISSION_DENIED'],
  ['/proc/self/environ', 'PERMISSION_DENIED'],
  ['proc-root/etc/passwd', 'PERMISSION_DENIED'],
  ['link', 'PERMISSION_DENIED'],
  ['linked-directory/passwd', 'PERMISSION_DENIED'],
  ['linked-inside/a.txt', 'PERMISSION_DENIED'],
  ['dangling', 'PERMISSION_DENIED'],
  ['.git/config', 'PERMISSION_DENIED'],
  ['a\0b', 'INVALID_INPUT'],
  ['', 'INVALID_INPUT'],
  ['.', 'INVALID_INPUT'],
  ['directory', 'INVALID_INPUT'],
  ['fifo', 'INVALID_INPUT'],
  ['a.txt/b', 'INVALID_INPUT'],
  [`${'x'.repeat(300)}`, 'INVALID_INPUT'],
])('neither read nor write nor edit of %j leaves the tree or hangs', async (path, expected) => {
  const tree = await home.tree({ 'a.txt': 'a', 'directory/x': '' });
  await symlink('/etc/passwd', join(tree, 'link'));
  await symlink('/etc', join(tree, 'linked-directory'));
  await symlink('.', join(tree, 'linked-inside'));
  await symlink('/proc/self/root', join(tree, 'proc-root'));
  await symlink('missing', join(tree, 'dangling'));
  execFileSync('mkfifo', [join(tree, 'fifo')]);
  await giveAway(join(tree, 'fifo'));
  expect([
    code(await read(tree, path)),
    code(await write(tree, path, 'x')),
    code(await edit(tree, path, 'a', 'b')),
  ]).toEqual([expected, expected, expected]);
  expect(await readFile(join(tree, 'a.txt'), 'utf8')).toBe('a');
});

test('list and search pass over links, and do not enter one that is named', async () => {
  const tree = await home.tree({ 'a.txt': 'root:' });
  await symlink('/etc', join(tree, 'etc'));
  await symlink('/etc/passwd', join(tree, 'passwd'));
  expect(text(await search(tree, 'root:'))).toBe('a.txt:1: root:');
  expect(code(await call(tree, { tool: 'list_files', path: 'etc' }))).toBe('PERMISSION_DENIED');
  expect(code(await search(tree, 'root', { path: 'etc' }))).not.toBe('ok');
  expect(code(await search(tree, 'root', { path: 'passwd' }))).toBe('INVALID_INPUT');
  // Whether something lies behind a link is not told either.
  for (const path of ['etc/passwd', 'etc/nothing', 'etc/ssl'])
    expect(code(await search(tree, 'root', { path }))).toBe('PERMISSION_DENIED');
});

test('binary and huge files are refused', async () => {
  const tree = await home.tree({ huge: '' });
  await writeFile(join(tree, 'binary'), Buffer.from([1, 0, 2]));
  await truncate(join(tree, 'huge'), 2 ** 30);
  expect([
    text(await read(tree, 'binary')),
    code(await read(tree, 'huge')),
    code(await edit(tree, 'huge', 'a', 'b')),
  ]).toEqual(['INVALID_INPUT: binary is binary (3 bytes).', 'INVALID_INPUT', 'INVALID_INPUT']);
});

test('a hard link is replaced, not written through', async () => {
  const tree = await home.tree({ 'a.txt': 'kept' });
  linkSync(join(tree, 'a.txt'), join(tree, 'b.txt'));
  await write(tree, 'b.txt', 'new');
  expect(await readFile(join(tree, 'a.txt'), 'utf8')).toBe('kept');
});

test('a read-only tree is not written', async () => {
  const tree = await home.tree({ 'a.txt': 'kept' });
  expect(code(await call(tree, { tool: 'write_file', path: 'a.txt', content: 'x' }, true))).toBe('PERMISSION_DENIED');
  expect(code(await call(tree, { tool: 'write_file', path: 'new/b.txt', content: 'x' }, true))).toBe(
    'PERMISSION_DENIED',
  );
});

test('what a killed write left is gone after the next one', async () => {
  const tree = await home.tree({ 'a.txt': 'old', '.millwright-part-dead': 'half' });
  await write(tree, 'a.txt', 'new');
  expect(await readdir(tree)).toEqual(['a.txt']);
});

test('a directory that is swapped for a link while files are read never shows what lies behind it', async () => {
  const tree = await home.tree({ 'a/passwd': 'inside' });
  const swap = 'while :; do mv a b 2>/dev/null && ln -s /etc a; rm -f a; mv b a 2>/dev/null; done';
  const stop = new AbortController();
  const swapping = home.sandbox
    .run(
      { argv: ['sh', '-c', swap], tree, limits: (await import('../../support/sandbox/home.js')).limits() },
      stop.signal,
    )
    .catch(() => undefined);
  const seen = new Set<string>();
  for (let round = 0; round < 15; round++) seen.add(text(await read(tree, 'a/passwd')));
  stop.abort();
  await swapping;
  for (const answer of seen)
    expect(answer).toMatch(/^(inside$|PERMISSION_DENIED|RESOURCE_NOT_FOUND|INVALID_INPUT: A part of)/);
});

test('without a sandbox, by an admin, the tools still keep to the tree', async () => {
  const tree = await home.tree({ 'a.txt': 'plain' });
  await mkdir(join(tree, 'd'));
  await symlink('/etc', join(tree, 'etc'));
  const plain = (request: FileRequest) =>
    tools.run(request, { path: tree, isReadOnly: false, isolation: 'none', ignoredPaths: [] });
  expect(text(await plain({ tool: 'read_file', path: 'a.txt', offset: 1, limit: 9 }))).toBe('plain');
  expect(code(await plain({ tool: 'read_file', path: 'etc/passwd', offset: 1, limit: 9 }))).toBe('PERMISSION_DENIED');
});
