import { execFileSync } from 'node:child_process';
import { linkSync } from 'node:fs';
import { chmod, lstat, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileRequest } from '../../../activities/agents/tools/program/answer.js';
import { giveAway } from '../../support/sandbox/home.js';
import type { Vector } from '../vector.js';
import { type FilesWorld, PLACES, SECRET } from './world.js';

type FilesVector = Vector<FilesWorld>;

const requests = (path: string): readonly FileRequest[] => [
  { tool: 'read_file', path, offset: 1, limit: 100 },
  { tool: 'write_file', path, content: 'written by the agent' },
  { tool: 'edit_file', path, oldText: 'the secret', newText: 'no secret', replaceAll: true },
  { tool: 'list_files', path },
  { tool: 'search', path, pattern: '.', maxResults: 100 },
];

interface Trap {
  readonly name: string;
  readonly controls: readonly string[];
  readonly isSmoke?: boolean;
  readonly paths: (world: FilesWorld) => readonly string[];
  readonly prepare?: (world: FilesWorld, tree: string) => Promise<unknown>;
  /** Tools that may do something harmless with the path. */
  readonly harmless?: readonly FileRequest['tool'][];
}

/** Every path is given to every tool at every place: none may do what it says, and nothing outside may change. */
const trap = ({ name, controls, isSmoke = false, paths, prepare, harmless = [] }: Trap): FilesVector => ({
  name,
  controls,
  isSmoke,
  run: async (world, tally) => {
    for (const place of PLACES)
      for (const path of paths(world)) {
        const tree = await world.home.tree({ 'a.txt': 'the secret of the tree\n', 'd/b.txt': 'b\n' });
        await prepare?.(world, tree);
        for (const request of requests(path)) {
          const answer = await world.call(tree, request, place);
          const isTaken = answer.ok && (!harmless.includes(request.tool) || answer.text.includes(SECRET));
          const how = isTaken
            ? `${place}: ${request.tool} ${JSON.stringify(path)} answers ${answer.text.slice(0, 60)}`
            : undefined;
          tally.count((await world.harm()) ?? how);
        }
        const own = await readFile(join(tree, 'a.txt'), 'utf8').catch(() => 'gone');
        if (own !== 'the secret of the tree\n') tally.count(`${place}: ${path} changed another file of the tree`);
      }
  },
});

const traps: readonly Trap[] = [
  {
    name: 'paths that go up',
    controls: ['files.no-way-up'],
    paths: ({ outside }) => [
      '../outside/secret',
      'd/../../outside/secret',
      './../x',
      '..',
      'd/./../../..',
      `d/../..${outside}/secret`,
    ],
  },
  {
    name: 'absolute paths',
    controls: ['files.relative'],
    paths: ({ outside }) => [
      `${outside}/secret`,
      '/etc/passwd',
      '/proc/self/environ',
      '/proc/1/root/etc/passwd',
      '//etc/passwd',
      '/',
    ],
  },
  {
    name: 'links to files',
    controls: ['files.no-follow'],
    paths: () => ['link', 'magic', 'dangling', 'inner'],
    prepare: async ({ outside }, tree) => {
      await symlink(join(outside, 'secret'), join(tree, 'link'));
      await symlink('/proc/self/environ', join(tree, 'magic'));
      await symlink(join(outside, 'new'), join(tree, 'dangling'));
      await symlink('a.txt', join(tree, 'inner'));
    },
  },
  {
    name: 'links to directories',
    controls: ['files.no-follow'],
    paths: () => ['out/secret', 'out/new', 'root/etc/passwd', 'up/outside/secret', 'here/a.txt', 'd/deep/secret'],
    prepare: async ({ outside }, tree) => {
      await symlink(outside, join(tree, 'out'));
      await symlink('/proc/self/root', join(tree, 'root'));
      await symlink('..', join(tree, 'up'));
      await symlink('.', join(tree, 'here'));
      await symlink(outside, join(tree, 'd/deep'));
    },
  },
  {
    name: 'names with NUL',
    controls: ['files.no-nul'],
    paths: () => ['a.txt\0', 'a\0b', '\0', 'd/\0../../outside/secret'],
  },
  {
    name: 'git’s own directory',
    controls: ['files.no-git'],
    paths: () => ['.git/config', '.git', './.git/hooks/pre-commit', '.git//x', './/.git/x'],
    harmless: [],
  },
  {
    name: 'pipes, sockets and devices',
    controls: ['files.regular'],
    paths: () => ['pipe', 'sock', ...(process.getuid?.() === 0 ? ['null'] : [])],
    prepare: async (_, tree) => {
      execFileSync('mkfifo', [join(tree, 'pipe')]);
      execFileSync('perl', [
        '-MIO::Socket::UNIX',
        '-e',
        'chdir shift; IO::Socket::UNIX->new(Local => "sock", Listen => 1)',
        tree,
      ]);
      if (process.getuid?.() === 0) execFileSync('mknod', ['-m', '666', join(tree, 'null'), 'c', '1', '3']);
      await Promise.all(['pipe', 'sock'].map((name) => giveAway(join(tree, name))));
    },
  },
  {
    name: 'directories as files, files as directories',
    controls: [],
    paths: () => ['a.txt/b', 'a.txt/../../outside/secret'],
  },
  {
    name: 'files of a gigabyte, and of twenty megabytes',
    controls: ['files.size'],
    paths: () => ['big', 'large'],
    prepare: async (_, tree) => {
      await truncate(join(tree, 'a.txt'), 23);
      execFileSync('truncate', ['-s', '1G', join(tree, 'big')]);
      await writeFile(join(tree, 'large'), 'the secret of nobody\n'.repeat(1_000_000));
      await Promise.all(['big', 'large'].map((name) => giveAway(join(tree, name))));
    },
    // Replaced as a whole; listed by name; passed over.
    harmless: ['write_file', 'list_files', 'search'],
  },
];

const hardLink: FilesVector = {
  name: 'writing through a hard link',
  controls: ['files.replaced'],
  isSmoke: true,
  run: async (world, tally) => {
    for (const place of PLACES) {
      const tree = await world.home.tree({ 'a.txt': 'a' });
      linkSync(join(world.outside, 'secret'), join(tree, 'twin'));
      await world.call(tree, { tool: 'write_file', path: 'twin', content: 'x'.repeat(100) }, place);
      await world.call(tree, { tool: 'edit_file', path: 'twin', oldText: 'x', newText: 'y', replaceAll: true }, place);
      tally.count(await world.harm());
    }
  },
};

const setuid: FilesVector = {
  name: 'keeping setuid on what is written',
  controls: ['files.no-setuid'],
  run: async (world, tally) => {
    for (const place of PLACES) {
      const tree = await world.home.tree({ s: 'old' });
      await giveAway(tree);
      await chmod(join(tree, 's'), 0o6755);
      await world.call(tree, { tool: 'write_file', path: 's', content: 'new' }, place);
      const { mode } = await lstat(join(tree, 's'));
      tally.count((mode & 0o6000) === 0 ? undefined : `${place}: mode ${(mode & 0o7777).toString(8)}`);
    }
  },
};

const readOnly: FilesVector = {
  name: 'writing into a tree that is only to be read',
  controls: ['sandbox.read-only-tree'],
  run: async (world, tally) => {
    for (const place of ['alone', 'session'] as const) {
      const tree = await world.home.tree({ 'a.txt': 'the secret' });
      for (const request of requests('a.txt').slice(1, 3)) {
        const { ok } = await world.call(tree, request, place, true);
        const now = await readFile(join(tree, 'a.txt'), 'utf8');
        tally.count(ok || now !== 'the secret' ? `${place}: ${request.tool} wrote` : undefined);
      }
    }
  },
};

export const PATHS: readonly FilesVector[] = [...traps.map(trap), hardLink, setuid, readOnly];
