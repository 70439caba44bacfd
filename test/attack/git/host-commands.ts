import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GitCommand } from '../../../infra/git/operands.js';
import type { Git, GitCall } from '../../../infra/git/run.js';
import { words } from '../vector.js';
import { type HostileWorld, SIGNED } from './world.js';

type Part = Omit<GitCall, 'command' | 'gitDir'> & { readonly gitDir?: string };

/**
 * What the host does with each git command that it may run: a new command does not compile until it is here. Those that
 * change the tree come last.
 */
const callsOf = ({ world, tree, base, tip }: HostileWorld): Readonly<Record<GitCommand, readonly Part[]>> => {
  const { forge, source } = world;
  const onTree = { workTree: tree.source, indexFile: tree.indexFile } as const;
  const asOwner = { ...onTree, asTreeOwner: true } as const;
  const excludes = { config: [`core.excludesFile=${tree.excludeFile}`] } as const;
  const file = { transport: 'file' } as const;
  return {
    version: [{}],
    'rev-parse': [{ options: ['--verify'], operands: [`${base}^{tree}`] }],
    'symbolic-ref': [{ operands: ['HEAD'] }],
    'cat-file': [{ options: ['blob'], operands: [`${base}:a.txt`] }],
    'ls-tree': [{ options: ['-r', '-z', '--full-tree'], operands: [base] }],
    'rev-list': [{ options: ['--first-parent'], operands: [tip, `^${base}`] }],
    log: [
      { options: ['-1', '-z', '--no-show-signature', '--format=%T%x00%B'], operands: [SIGNED] },
      { options: ['-p', '--format=%H%x00%B'], operands: [SIGNED] },
    ],
    'merge-base': [{ operands: [base, tip] }],
    'merge-tree': [{ options: ['--write-tree', '-z', '--messages'], operands: [base, tip], okExitCodes: [0, 1] }],
    'diff-tree': [
      { options: ['-p', '-r', '--no-ext-diff', '--no-textconv'], operands: [base, tip] },
      { options: ['-p', '-r'], operands: [base, tip] },
    ],
    'diff-index': [{ ...onTree, options: ['-p', '--no-ext-diff', '--no-textconv'], operands: [base] }],
    'ls-files': [
      { ...onTree, ...excludes, options: ['-z', '--others', '--modified', '--deleted', '--exclude-standard'] },
      { ...onTree, ...excludes, options: ['-z', '--others', '--ignored', '--directory', '--exclude-standard'] },
    ],
    'check-ignore': [
      { ...onTree, ...excludes, options: ['-z', '--stdin', '--no-index'], input: './a.txt\0', okExitCodes: [0, 1] },
    ],
    add: [{ ...onTree, ...excludes, options: ['--all', '--no-warn-embedded-repo'], paths: ['.'] }],
    'update-index': [{ ...onTree, options: ['-q', '--really-refresh'], okExitCodes: [0, 1] }],
    'write-tree': [onTree],
    'hash-object': [{ options: ['-w', '--stdin'], input: 'x\n' }],
    mktree: [{ input: '' }],
    'pack-objects': [
      { options: ['--revs', '--quiet'], operands: [join(forge.dir, 'objects/pack/pack')], input: `${tip}\n` },
    ],
    'commit-tree': [
      {
        options: ['-p', base],
        operands: [`${base}^{tree}`],
        input: 'x\n',
        author: { name: 'a', email: 'a@b', atSeconds: 1 },
        committer: { name: 'a', email: 'a@b', atSeconds: 1 },
      },
    ],
    'patch-id': [{ options: ['--verbatim'], input: 'diff --git a/a b/a\n' }],
    'update-ref': [{ options: ['--stdin', '-z', '--no-deref'], input: `update refs/millwright/x\0${tip}\0\0` }],
    'for-each-ref': [{ options: ['--format=%(objectname) %(refname)'], operands: ['refs/'] }],
    'ls-remote': [{ ...file, options: ['--refs', '--quiet'], operands: [forge.dir, 'main'] }],
    fetch: [
      { ...file, options: ['--quiet', '--no-tags'], operands: [forge.dir, '+refs/heads/main:refs/millwright/f'] },
      {
        ...file,
        options: ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'],
        operands: [join(source.dir, '.git'), `+${tip}:refs/millwright/g`],
      },
    ],
    push: [
      {
        ...file,
        options: [
          '--atomic',
          '--porcelain',
          '--no-verify',
          '--no-signed',
          '--force-with-lease=refs/heads/millwright/x:',
        ],
        operands: [forge.dir, `${tip}:refs/heads/millwright/x`],
      },
      { ...file, options: ['--porcelain'], operands: [forge.dir, `${tip}:refs/heads/millwright/y`] },
    ],
    fsck: [{ options: ['--connectivity-only'] }],
    'count-objects': [{ options: ['-v'] }],
    gc: [{ options: ['--quiet', '--prune=2.weeks.ago'] }],
    init: [
      { gitDir: `${world.mirror.dir}.new`, options: ['--bare', '--quiet'], operands: [`${world.mirror.dir}.new`] },
    ],
    'read-tree': [
      { ...asOwner, options: ['-m', '-u'], operands: [tip], okExitCodes: [0, 1, 128] },
      { ...asOwner, options: ['--reset', '-u'], operands: [base] },
    ],
    clean: [{ ...asOwner, options: ['-f', '-f', '-d', '-x', '-q'] }],
  };
};

/**
 * Runs every host command once and tells which of them executed the bait. What git refuses is as good as what it does
 * without harm.
 * @param mustWork a command that fails in a harmless world tests nothing
 */
export async function runHostCommands(
  hostile: HostileWorld,
  onCommand: (name: string, hasFired: boolean) => void,
  { git = hostile.world.mirror.git, mustWork = false }: { readonly git?: Git; readonly mustWork?: boolean } = {},
): Promise<void> {
  mkdirSync(`${hostile.world.mirror.dir}.new`, { recursive: true });
  // Written in the order of the table.
  for (const [command, parts] of Object.entries(callsOf(hostile)) as [GitCommand, readonly Part[]][])
    for (const part of parts) {
      try {
        await git.run({ gitDir: hostile.world.mirror.dir, timeoutMs: 60_000, ...part, command });
      } catch (error) {
        if (mustWork) throw new Error(`git ${command} does not work in a harmless world: ${words(error)}`);
      }
      onCommand(`git ${command}`, hostile.hasFired());
    }
}
