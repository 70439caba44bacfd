import { spawnSync } from 'node:child_process';
import { linkSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeExcludes } from '../../infra/git/excludes.js';
import { listTree } from '../../infra/git/objects.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import { forceContent } from '../../infra/git/tree-content.js';
import type { Tree } from '../../infra/git/tree-record.js';
import { Trees } from '../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { TREE_OWNER, testGit } from '../support/git/repositories.js';

let world: GitWorld;
let tree: Tree;
let base: string;

beforeEach(async () => {
  world = await gitWorld();
  base = world.source.commit('first', { 'a.txt': 'a\n', 'dir/b.txt': 'b\n', '.gitignore': 'ignored/\n' });
  await world.take(base);
  const trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  ({ tree } = await trees.acquire({
    repository: world.mirror,
    treeId: 't1',
    projectId: 'p1',
    ownerId: 't1',
    mode: 'write',
    baseSha: base,
  }));
});
afterEach(() => world.remove());

/** What an agent's command would do, with the uid it has. */
const asAgent = (script: string): void => {
  const done = spawnSync('sh', ['-ec', script], { cwd: tree.source, ...(TREE_OWNER ?? {}), encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
};
const snapshot = (limits = {}) => takeSnapshot(world.mirror, { tree, limits });
const filesOf = async (): Promise<readonly string[]> => {
  const taken = await snapshot();
  if (taken.kind !== 'taken') throw new Error(`${taken.why}: ${taken.paths.join()}`);
  return (await listTree(world.mirror, taken.tree)).map(({ mode, path }) => `${mode} ${path}`);
};

test('new, changed, deleted, executable and linked files are kept, ignored ones are not', async () => {
  asAgent(`rm a.txt; echo new > dir/new.txt; chmod +x dir/b.txt; ln -s b.txt dir/link
           mkdir ignored; echo x > ignored/x; mkfifo ignored/pipe; mkdir empty`);
  expect(await filesOf()).toEqual(['100644 .gitignore', '100755 dir/b.txt', '120000 dir/link', '100644 dir/new.txt']);
});

test('what only ignore rules left out is named, without outputs of setup and half-written files', async () => {
  await writeExcludes(tree, ['deps']);
  asAgent(`printf '*.log\\nignored/\\n' > .gitignore; echo x > a.log; mkdir -p ignored logs deps dir
           echo x > ignored/x; echo x > logs/b.log; echo x > deps/d; echo half > dir/.millwright-part-dead`);
  const taken = await takeSnapshot(world.mirror, { tree, outputs: ['deps'] });
  expect(taken).toMatchObject({ kind: 'taken', ignored: ['a.log', 'ignored/', 'logs/b.log'] });
  expect(await filesOf()).toEqual(['100644 .gitignore', '100644 a.txt', '100644 dir/b.txt']);
});

test('the list of what was left out is bounded', async () => {
  asAgent(`echo '*.log' > .gitignore; for n in $(seq 60); do echo x > $n.log; done`);
  const taken = await snapshot();
  expect(taken.kind === 'taken' && taken.ignored).toHaveLength(20);
});

test('a file that becomes a directory, and a directory that becomes a link, are kept as they are', async () => {
  asAgent('rm a.txt; mkdir a.txt; echo x > a.txt/inner; mv dir moved; ln -s moved dir');
  expect(await filesOf()).toEqual(['100644 .gitignore', '100644 a.txt/inner', '120000 dir', '100644 moved/b.txt']);
});

test('odd but harmless names are kept', async () => {
  asAgent(
    `printf x > -rf; printf x > "$(printf 'a\\nb')"; printf x > '"q"'; printf x > "$(printf '\\377')"; printf x > ':(top)'`,
  );
  expect(await filesOf()).toEqual(
    expect.arrayContaining(['100644 -rf', '100644 a\nb', '100644 "q"', '100644 \\xff', '100644 :(top)']),
  );
});

test('a snapshot again without a change is the same tree', async () => {
  asAgent('echo more >> a.txt');
  expect(await snapshot()).toEqual(await snapshot());
});

test.each([
  ['a name that some file systems read as .git', `printf x > dir/'.git '`, 'dir/.git '],
  ['another such name', 'printf x > GIT~1', 'GIT~1'],
  ['a repository without commits', 'git init -q sub; echo x > sub/f', 'sub/.git'],
  [
    'a repository with commits',
    'git init -q sub; cd sub; echo x > f; git add f; git -c user.name=a -c user.email=a@b commit -qm x',
    'sub/.git',
  ],
  ['a file that redirects to another repository', `mkdir sub; printf 'gitdir: /etc' > sub/.git`, 'sub/.git'],
  ['a link where git reads submodules', 'ln -s a.txt .gitmodules', '.gitmodules'],
  ['a huge sparse file', 'truncate -s 1T big', 'big'],
  ['a new .gitmodules', `printf '[submodule "x"]\\n\\turl = -x\\n' > dir/.gitmodules`, 'dir/.gitmodules'],
  ['attributes that git does not read', `printf '* %3000s\\n' x > .gitattributes`, '.gitattributes'],
])('%s is refused by its path', async (_, script, path) => {
  asAgent(`HOME=/nonexistent; export HOME; ${script}`);
  expect(await snapshot()).toMatchObject({ kind: 'refused', paths: [path] });
});

test('a path longer than the kernel takes is refused, and the tree can be used again', async () => {
  const before = await filesOf();
  asAgent(`n=$(printf '%0200d' 0); i=0; while [ $i -lt 30 ]; do mkdir $n; cd -P $n; i=$((i+1)); done; printf x > deep`);
  expect(await snapshot()).toMatchObject({
    kind: 'refused',
    paths: [expect.stringMatching(/^[0/]{400}…$/)],
    why: 'a path longer than the kernel takes',
  });
  await forceContent(world.mirror, tree, { to: base });
  expect(readdirSync(tree.source).sort()).toEqual(['.gitignore', 'a.txt', 'dir']);
  expect(await filesOf()).toEqual(before);
});

test('a named pipe is refused by its path, and called what it is', async () => {
  asAgent('mkfifo dir/pipe');
  expect(await snapshot()).toMatchObject({ kind: 'refused', paths: ['dir/pipe'], why: 'a named pipe' });
});

test('a socket is refused by its path', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(tree.source, 'sock'), resolve));
  expect(await snapshot()).toMatchObject({ kind: 'refused', paths: ['sock'], why: 'a socket' });
  await new Promise((resolve) => server.close(resolve));
});

test('a hard link to a file outside is refused, one within the tree is kept', async () => {
  asAgent('ln a.txt twin.txt');
  expect(await filesOf()).toContain('100644 twin.txt');
  writeFileSync(join(world.home, 'outside'), 'secret');
  linkSync(join(world.home, 'outside'), join(tree.source, 'leak'));
  expect(await snapshot()).toMatchObject({ kind: 'refused', paths: ['leak'] });
});

test('too many files and too much content are refused', async () => {
  asAgent('mkdir many; i=0; while [ $i -lt 50 ]; do echo $i > many/$i; i=$((i+1)); done');
  expect(await snapshot({ maxEntries: 40 })).toMatchObject({ kind: 'refused', why: 'more than 40 files' });
  expect(await snapshot({ maxChangedBytes: 20 })).toMatchObject({ kind: 'refused' });
});

test('the agent’s own repository at the root is left out and changes nothing', async () => {
  const before = await snapshot();
  asAgent(`git init -q .; git config core.fsmonitor 'touch canary'; git config filter.x.clean 'touch canary'
           printf '* filter=x' > .git/info/attributes`);
  expect(await snapshot()).toEqual(before);
});

test('a filter named by the tree does not run', async () => {
  asAgent(`printf '*.txt filter=x diff=x merge=x\\n' > .gitattributes; echo more >> a.txt
           mkdir -p home; printf '[filter "x"]\\n clean = touch canary; cat\\n' > .gitconfig`);
  expect(await filesOf()).not.toContain('100644 canary');
});

test('an index that was cut in half is a lost tree, which is made again', async () => {
  asAgent('echo new > new.txt');
  truncateSync(tree.indexFile, Math.floor(statSync(tree.indexFile).size / 2));
  await expect(snapshot()).rejects.toMatchObject({ type: 'WorktreeLost' });
  await forceContent(world.mirror, tree, { to: base });
  expect(await filesOf()).toEqual(['100644 .gitignore', '100644 a.txt', '100644 dir/b.txt']);
});

test('a damaged index is a lost tree', async () => {
  writeFileSync(tree.indexFile, 'DIRC rubbish');
  await expect(snapshot()).rejects.toMatchObject({ type: 'WorktreeLost' });
});

test('a tree that is gone is a lost tree', async () => {
  spawnSync('rm', ['-rf', tree.directory]);
  await expect(snapshot()).rejects.toMatchObject({ type: 'WorktreeLost' });
});
