import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { commitTree } from '../../infra/git/commit.js';
import { importSource } from '../../infra/git/import.js';
import { inspectCommit } from '../../infra/git/inspect.js';
import { listTree, readCommit, treeOf } from '../../infra/git/objects.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import { parseSource } from '../../infra/git/source.js';
import { Trees } from '../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { type SourceRepository, sourceRepository, temporaryHome, testGit } from '../support/git/repositories.js';

let world: GitWorld;
let outside: { readonly path: string; remove(): void };
let source: SourceRepository;

beforeEach(async () => {
  world = await gitWorld();
  outside = temporaryHome();
  source = sourceRepository(join(outside.path, 'repo'));
});
afterEach(() => {
  world.remove();
  outside.remove();
});

type Entry = readonly [mode: '100644' | '100755' | '120000', content: string, name: string | Buffer];

/** Commits a tree of these entries, which no working tree need be able to hold. */
const commitEntries = (...entries: readonly Entry[]): void => {
  const blobs = new Map([...new Set(entries.map(([, content]) => content))].map((content) => [content, blob(content)]));
  const line = ([mode, content, name]: Entry): Buffer =>
    Buffer.concat([Buffer.from(`${mode} blob ${blobs.get(content)}\t`), Buffer.from(name), Buffer.of(0)]);
  const script = 'tree=$(git mktree -z); git update-ref refs/heads/main $(echo x | git commit-tree $tree)';
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  const done = spawnSync('sh', ['-ec', script], {
    cwd: source.dir,
    input: Buffer.concat(entries.map(line)),
    env: { ...process.env, ...identity },
  });
  if (done.status !== 0) throw new Error(done.stderr.toString());
};

const blob = (content: string): string => {
  const done = spawnSync('git', ['hash-object', '-w', '--stdin'], {
    cwd: source.dir,
    input: content,
    encoding: 'utf8',
  });
  return done.stdout.trim();
};

const imported = async () => {
  const path = parseSource(source.dir);
  const { tip } = await importSource(world.mirror, {
    source: path,
    dataDirectory: world.home,
    remote: world.remote,
    branch: 'main',
  });
  return { tip, facts: await inspectCommit(world.mirror, tip) };
};

/** What a tree of the commit keeps when nobody changes it. */
const roundTrip = async (tip: string): Promise<string> => {
  const trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
  const owner = { projectId: 'p', ownerId: 't', mode: 'write' as const };
  const { tree } = await trees.acquire({ repository: world.mirror, treeId: 't', baseSha: tip, ...owner });
  const taken = await takeSnapshot(world.mirror, { tree });
  return taken.kind === 'taken' ? taken.tree : `${taken.why}: ${taken.paths.join()}`;
};

test.each<[string, readonly Entry[]]>([
  ['paths that are no UTF-8', [['100644', 'x', Buffer.of(0xff, 0xfe)]]],
  [
    'links that lead in a circle',
    [
      ['120000', 'b', 'a'],
      ['120000', 'a', 'b'],
    ],
  ],
  [
    'links out of the repository',
    [
      ['120000', '/etc', 'a'],
      ['120000', '../../x', 'b'],
    ],
  ],
  [
    'names that look like git’s',
    [
      ['100644', 'x', '..git'],
      ['100644', 'x', '.gitx'],
    ],
  ],
  [
    'names with line breaks and dashes',
    [
      ['100644', 'x', '-rf'],
      ['100644', 'x', 'a\nb'],
    ],
  ],
  ['executable and empty files', [['100755', '', 'a']]],
  ['attributes that name filters', [['100644', '* filter=lfs\n', '.gitattributes']]],
])('a repository with %s is imported, and its trees keep it as it is', async (_, entries) => {
  commitEntries(...entries);
  const { tip, facts } = await imported();
  expect(facts.refusals).toEqual([]);
  expect(await roundTrip(tip)).toBe(await treeOf(world.mirror, tip));
});

test('a name longer than any file system takes is refused by name', async () => {
  commitEntries(['100644', 'x', 'n'.repeat(300)], ['100644', 'x', 'ok']);
  const { facts } = await imported();
  expect(facts.refusals).toEqual([`names longer than a file system takes: ${'n'.repeat(60)}… (300 characters)`]);
});

test('a hundred thousand files are read in one go', async () => {
  const names = Array.from({ length: 100_000 }, (_, at) => `file-${String(at).padStart(6, '0')}`);
  commitEntries(...names.map((name): Entry => ['100644', 'x', name]));
  const { tip, facts } = await imported();
  expect(facts.refusals).toEqual([]);
  expect(await listTree(world.mirror, tip)).toHaveLength(100_000);
});

test.each([
  ['no branch that HEAD names', 'git symbolic-ref HEAD refs/heads/none', 'EMPTY_REPOSITORY'],
  ['a HEAD of its own', 'git checkout -q --detach', 'EMPTY_REPOSITORY'],
  ['a branch that is called -x', 'git update-ref refs/heads/-x HEAD; git symbolic-ref HEAD refs/heads/-x', undefined],
])('a repository with %s is refused in words', async (_, script, reason) => {
  source.commit('x', { a: 'a\n' });
  spawnSync('sh', ['-ec', script], { cwd: source.dir });
  const asked = importSource(world.mirror, {
    source: parseSource(source.dir),
    dataDirectory: world.home,
    remote: world.remote,
  });
  await expect(asked).rejects.toMatchObject({
    type: 'InvalidInput',
    ...(reason === undefined ? {} : { details: { reason } }),
  });
});

test('objects that are damaged are said to be, and nothing reaches the forge', async () => {
  source.commit('x', { a: 'a\n' });
  const id = source.git('rev-parse', 'HEAD:a');
  spawnSync('sh', ['-c', `f=.git/objects/${id.slice(0, 2)}/${id.slice(2)}; chmod u+w $f; echo rubbish > $f`], {
    cwd: source.dir,
  });
  await expect(imported()).rejects.toMatchObject({ message: expect.not.stringContaining('at ') });
  const { stdout } = await world.forge.git.run({ command: 'for-each-ref', gitDir: world.forge.dir });
  expect(stdout.toString()).toBe('');
});

test('a tip that claims to be of the end of time, and a name without end, takes work on top of it', async () => {
  commitEntries(['100644', 'x', 'a.txt']);
  const tree = source.git('rev-parse', 'main^{tree}');
  const lastSecond = '9223372036854775807';
  const who = `x${' '.repeat(100_000)}y <a@b> ${lastSecond} +0000`;
  const commit = `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nx\n`;
  const made = spawnSync('sh', ['-ec', 'git update-ref refs/heads/main $(git hash-object -w -t commit --stdin)'], {
    cwd: source.dir,
    input: commit,
  });
  expect(made.stderr.toString()).toBe('');
  const { tip } = await imported();
  const { authorName: name, committedAtSeconds: atSeconds } = await readCommit(world.mirror, tip);
  const author = { name, email: 'a@b' };
  const on = await commitTree(world.mirror, { tree, parents: [tip], message: 'on top', author, atSeconds });
  expect(await readCommit(world.mirror, on)).toMatchObject({ parents: [tip], authorName: 'x' });
});
