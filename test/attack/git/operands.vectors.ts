import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GitTransport } from '../../../infra/git/hardening.js';
import type { GitCommand } from '../../../infra/git/operands.js';
import { pushImport, pushLanding, pushOwnRef } from '../../../infra/git/push.js';
import { branchRef, checkpointRef } from '../../../infra/git/refs.js';
import { readRemoteRefs } from '../../../infra/git/remote-refs.js';
import type { Vector } from '../vector.js';
import { inWorld, type NoWorld } from './in-world.js';
import type { HostileWorld } from './world.js';

/** Git reads each of these as an option when it may, and then writes a file or runs a program. */
const OPTIONS_IN_DISGUISE: readonly (readonly [
  GitCommand,
  (bait: string, file: string) => readonly string[],
  GitTransport,
])[] = [
  ['log', (_, file) => [`--output=${file}`, 'HEAD'], 'none'],
  ['diff-tree', (_, file) => [`--output=${file}`, '-p', 'HEAD'], 'none'],
  ['ls-remote', (bait) => [`--upload-pack=${bait}`], 'file'],
  ['fetch', (bait) => [`--upload-pack=${bait}`], 'file'],
  ['push', (bait) => [`--receive-pack=${bait}`], 'file'],
  ['init', (_, file) => [`--separate-git-dir=${file}`], 'none'],
];

const operands: Vector<NoWorld> = {
  name: 'operands that are options',
  controls: ['git.operands'],
  isSmoke: true,
  run: (_, tally) =>
    inWorld(async (hostile) => {
      const { mirror, forge } = hostile.world;
      const file = join(hostile.world.home, 'written');
      for (const [command, disguise, transport] of OPTIONS_IN_DISGUISE) {
        const operand = [...disguise(hostile.bait, file), ...(transport === 'file' ? [forge.dir, 'main'] : [])];
        await mirror.git.run({ command, gitDir: mirror.dir, operands: operand, transport }).catch(() => undefined);
        const isWritten = existsSync(file);
        rmSync(file, { recursive: true, force: true });
        tally.count(hostile.hasFired() || isWritten ? `git ${command} ${operand[0]} took it for an option` : undefined);
      }
    }),
};

/** What is no branch of anybody, or leads elsewhere. */
const NO_BRANCHES = [
  ...[
    '',
    '-x',
    '--all',
    'a..b',
    '..',
    'a/../main',
    '@',
    '@{-1}',
    'x@{1}',
    'HEAD',
    'refs/heads/main',
    'x.lock',
    'a/x.lock/b',
  ],
  ...[
    '.hidden',
    'a/.hidden',
    'a//b',
    '/a',
    'a/',
    'a.',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a\nb',
    'a\0b',
  ],
  ...['a\u007fb', 'a\u001bb', 'a\u0085b', `${'x'.repeat(201)}`],
];

const names: Vector<NoWorld> = {
  name: 'names that are no branches',
  controls: ['git.branch-names'],
  isSmoke: true,
  run: async (_, tally) => {
    const accepted = (make: () => string): string | undefined => {
      try {
        return `taken for ${make()}`;
      } catch {
        return undefined;
      }
    };
    for (const name of NO_BRANCHES) tally.count(accepted(() => branchRef(name)));
    for (const id of ['../x', 'x', '-x', '', `${'0'.repeat(32)}`, '01900000-0000-7000-8000-0123456789ab/../x'])
      tally.count(accepted(() => checkpointRef(id)));
  },
};

const FOREIGN_REFS = [
  ...[
    'refs/heads/main',
    'refs/tags/v1',
    'refs/heads/millwright',
    'refs/heads/release/1',
    'HEAD',
    'refs/heads/x/millwright/y',
  ],
  ...[
    'refs/heads/millwright/../main',
    'refs/heads/millwright/x:refs/heads/main',
    '+refs/heads/main',
    'refs/notes/commits',
  ],
  ...['refs/heads/millwright/-x..y', 'refs/remotes/origin/main', 'refs/replace/x', 'refs/heads/millwrightx/y'],
];

const foreignRefs: Vector<NoWorld> = {
  name: 'refs that are not ours to push',
  controls: ['git.own-refs'],
  isSmoke: true,
  run: (_, tally) =>
    inWorld(async (hostile) => {
      const { mirror, remote } = hostile.world;
      const before = await refsOfForge(hostile);
      for (const ref of FOREIGN_REFS)
        for (const expected of [undefined, hostile.base])
          tally.count(
            await accepted(`${ref} was pushed`, () => pushOwnRef(mirror, remote, { ref, to: hostile.tip, expected })),
          );
      tally.count((await refsOfForge(hostile)) === before ? undefined : 'refs of the forge moved');
    }),
};

const staleLeases: Vector<NoWorld> = {
  name: 'branches that somebody else moved meanwhile',
  controls: ['git.leases'],
  run: (_, tally) =>
    inWorld(async (hostile) => {
      const { mirror, remote } = hostile.world;
      const ref = 'refs/heads/millwright/x';
      await pushOwnRef(mirror, remote, { ref, to: hostile.base, expected: undefined });
      const before = await refsOfForge(hostile);
      for (const [to, expected] of [
        [hostile.tip, undefined],
        [hostile.tip, hostile.tip.replace(/^./, '0')],
        [undefined, hostile.tip.replace(/^./, '0')],
      ] as const)
        tally.count(await accepted(`${ref} was overwritten`, () => pushOwnRef(mirror, remote, { ref, to, expected })));
      tally.count((await refsOfForge(hostile)) === before ? undefined : 'refs of the forge moved');
    }),
};

const notFastForward: Vector<NoWorld> = {
  name: 'a target branch moved to what does not descend from it',
  controls: ['git.fast-forward'],
  run: (_, tally) =>
    inWorld(async (hostile) => {
      const { mirror, remote, source } = hostile.world;
      const [base, commit] = [hostile.base, source.commitOn(hostile.base, 'aside', { 'd.txt': 'd\n' })];
      await hostile.world.take(commit);
      await pushLanding(mirror, remote, { branch: 'main', base, commit: hostile.tip });
      const landing = { branch: 'main', base: hostile.tip, commit };
      tally.count(await accepted('it landed', () => pushLanding(mirror, remote, landing)));
      tally.count(await accepted('it was imported', () => pushImport(mirror, remote, landing)));
      const now = (await readRemoteRefs(mirror, remote, ['refs/heads/main'])).get('refs/heads/main');
      tally.count(now === hostile.tip ? undefined : 'main moved');
    }),
};

const refsOfForge = async ({ world }: HostileWorld): Promise<string> => {
  const { forge } = world;
  const call = { command: 'for-each-ref', gitDir: forge.dir, options: ['--format=%(objectname) %(refname)'] } as const;
  return (await forge.git.run(call)).stdout.toString('utf8');
};

/** What is refused is thrown. */
const accepted = async (how: string, work: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await work();
    return how;
  } catch {
    return undefined;
  }
};

export const OPERANDS: readonly Vector<NoWorld>[] = [operands, names, foreignRefs, staleLeases, notFastForward];
