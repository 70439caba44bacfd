import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { keepCheckpoint } from '../../infra/git/checkpoint.js';
import { diffText } from '../../infra/git/diff.js';
import { pushOwnRef } from '../../infra/git/push.js';
import { prepareRebase } from '../../infra/git/rebase.js';
import { commitRound } from '../../infra/git/rounds.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import { Trees } from '../../infra/git/trees.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { TREE_OWNER, testGit } from '../support/git/repositories.js';

let world: GitWorld;
let trees: Trees;
beforeEach(async () => {
  world = await gitWorld();
  trees = new Trees({ git: testGit(), root: join(world.home, 'trees') });
});
afterEach(() => world.remove());

/** Each plants something that plain git would execute, in the tree's root repository, its attributes or its config. */
const VECTORS: Readonly<Record<string, string>> = {
  'core.fsmonitor': 'git config core.fsmonitor "$BAIT"',
  'core.hooksPath': `git config core.hooksPath .hooks; mkdir .hooks
    for h in pre-commit post-checkout post-index-change reference-transaction pre-push post-merge; do ln -s "$BAIT" .hooks/$h; done`,
  'hooks of the repository': `for h in pre-commit post-checkout post-index-change reference-transaction pre-push; do
    mkdir -p .git/hooks; ln -sf "$BAIT" .git/hooks/$h; done`,
  'filter.clean and smudge': `git config filter.x.clean "$BAIT"; git config filter.x.smudge "$BAIT"
    printf '* filter=x\\n' > .gitattributes`,
  'filter.process': `git config filter.x.process "$BAIT"; git config filter.x.required true; printf '* filter=x\\n' > .gitattributes`,
  'diff.command': `git config diff.x.command "$BAIT"; git config diff.x.textconv "$BAIT"; printf '* diff=x\\n' > .gitattributes`,
  'diff.external': 'git config diff.external "$BAIT"',
  'merge.driver': `git config merge.x.driver "$BAIT"; printf '* merge=x\\n' > .gitattributes`,
  'include.path': `printf '[core]\\n fsmonitor = %s\\n' "$BAIT" > evil; git config include.path ../evil`,
  'config.worktree': 'git config extensions.worktreeConfig true; git config --worktree core.fsmonitor "$BAIT"',
  'core.attributesFile': `printf '* filter=x\\n' > att; git config core.attributesFile att; git config filter.x.clean "$BAIT"`,
  'remote.receivepack': `git config remote.origin.receivepack "$BAIT"; git config remote.origin.url .`,
  'core.sshCommand':
    'git config core.sshCommand "$BAIT"; git config core.gitProxy "$BAIT"; git config core.askPass "$BAIT"',
  'core.alternateRefsCommand': 'git config core.alternateRefsCommand "$BAIT"',
  'gpg.program': 'git config gpg.program "$BAIT"; git config commit.gpgSign true',
  'core.editor and pager':
    'git config core.editor "$BAIT"; git config core.pager "$BAIT"; git config sequence.editor "$BAIT"',
  'a redirecting .git file': `mv .git moved; git --git-dir moved config core.fsmonitor "$BAIT"; echo 'gitdir: moved' > .git`,
  'a bare repository in the tree': `git init -q --bare bare; git --git-dir bare config core.fsmonitor "$BAIT"
    git --git-dir bare config core.worktree ..; cp -r bare/* .`,
  'user configuration in the tree': `printf '[core]\\n fsmonitor = %s\\n' "$BAIT" | tee .gitconfig > .git/config`,
};

const canaries = (): string => join(world.home, 'canaries');

/** Runs the script in the tree with the uid of an agent; whatever executes `$BAIT` leaves a canary. */
function plantAsAgent(source: string, script: string): void {
  const bait = join(world.home, 'bait');
  mkdirSync(canaries());
  chmodSync(canaries(), 0o777);
  writeFileSync(bait, `#!/bin/sh\ntouch ${canaries()}/$$\ncat\n`);
  chmodSync(bait, 0o755);
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', BAIT: bait };
  const done = spawnSync('sh', ['-ec', `git init -q .; ${script}`], {
    cwd: source,
    env,
    encoding: 'utf8',
    ...(TREE_OWNER ?? {}),
  });
  expect(done.stderr).toBe('');
}

test('the bait is alive: plain git in the tree takes it', async () => {
  const base = world.source.commit('first', { 'a.txt': '1\n' });
  await world.take(base);
  const owner = { projectId: 'p', ownerId: 't1', mode: 'write' as const };
  const { tree } = await trees.acquire({ repository: world.mirror, treeId: 't1', baseSha: base, ...owner });
  plantAsAgent(tree.source, `${VECTORS['filter.clean and smudge']}\n git add -A`);
  expect(readdirSync(canaries())).not.toEqual([]);
});

test.each(Object.entries(VECTORS))('host git executes nothing that %s names', async (_, plant) => {
  const base = world.source.commit('first', { 'a.txt': '1\n', 'b.txt': 'b\n' });
  const tip = world.source.commitOn(base, 'tip', { 'a.txt': 'tip\n', 'c.txt': 'c\n' });
  await world.take(base, tip);
  const owner = { projectId: 'p', ownerId: 't1', mode: 'write' as const };
  const { tree } = await trees.acquire({ repository: world.mirror, treeId: 't1', baseSha: base, ...owner });
  plantAsAgent(tree.source, `${plant}\n echo changed > a.txt`);

  const taken = await takeSnapshot(world.mirror, { tree });
  if (taken.kind === 'taken') {
    const round = await commitRound(world.mirror, {
      tree: taken.tree,
      parents: [base],
      message: 'x',
      trailer: 'Millwright-Task: t',
      author: { name: 'a', email: 'a@b' },
      atSeconds: 1,
      branch: 'millwright/x-0123456789ab',
      remote: world.remote,
    });
    const headSha = round?.headSha ?? base;
    await diffText(world.mirror, { from: base, to: headSha });
    await prepareRebase(world.mirror, { trees, treeId: 't1', tip, headSha });
    await pushOwnRef(world.mirror, world.remote, { ref: 'refs/millwright/wip/x', to: headSha, expected: undefined });
  }
  await trees.force('t1', { repository: world.mirror, to: tip });
  await trees.release('t1', { ownerId: 't1', repository: world.mirror });
  await trees.settle();
  const again = await trees.acquire({ repository: world.mirror, treeId: 't1', baseSha: tip, ...owner });
  expect(readdirSync(again.tree.source).sort()).toEqual(['a.txt', 'b.txt', 'c.txt']);
  expect(readdirSync(canaries())).toEqual([]);
});

test('the flags alone stop a poisoned fsmonitor, hook, signer and pager, even in metadata of our own', async () => {
  const base = world.source.commit('first', { 'a.txt': '1\n' });
  await world.take(base);
  const owner = { projectId: 'p', ownerId: 't1', mode: 'write' as const };
  const { tree } = await trees.acquire({ repository: world.mirror, treeId: 't1', baseSha: base, ...owner });
  plantAsAgent(tree.source, 'true');
  const bait = join(world.home, 'bait');
  mkdirSync(join(world.mirror.dir, 'hooks'));
  for (const hook of ['reference-transaction', 'post-index-change'])
    symlinkSync(bait, join(world.mirror.dir, 'hooks', hook));
  appendFileSync(
    join(world.mirror.dir, 'config'),
    `[core]\n fsmonitor = ${bait}\n pager = ${bait}\n[commit]\n gpgSign = true\n[gpg]\n program = ${bait}\n[diff]\n external = ${bait}\n`,
  );
  writeFileSync(join(tree.source, 'a.txt'), '2\n');
  const taken = await takeSnapshot(world.mirror, { tree });
  if (taken.kind !== 'taken') throw new Error(taken.why);
  await keepCheckpoint(world.mirror, { tree, taskId: '01900000-0000-7000-8000-0123456789ab', baseSha: base });
  await diffText(world.mirror, { from: base, to: taken.tree });
  await trees.force('t1', { repository: world.mirror, to: base });
  expect(readdirSync(canaries())).toEqual([]);
});
