import { keepCheckpoint } from '../../../infra/git/checkpoint.js';
import { diffText } from '../../../infra/git/diff.js';
import { pushOwnRef } from '../../../infra/git/push.js';
import { prepareRebase } from '../../../infra/git/rebase.js';
import { commitRound } from '../../../infra/git/rounds.js';
import { takeSnapshot } from '../../../infra/git/snapshot.js';
import type { Tally, Vector } from '../vector.js';
import { ENVIRONMENTS } from './environments.js';
import { runHostCommands } from './host-commands.js';
import { inWorld, type NoWorld } from './in-world.js';
import { POISONED } from './metadata.js';
import { PLANTED } from './planted.js';
import { type HostileWorld, OWNER, SIGNED, TREE_ID } from './world.js';

type GitVector = Vector<NoWorld>;

const SMOKE = ['filter.clean', 'hooks in our metadata'];

const counted =
  (tally: Tally) =>
  (name: string, hasFired: boolean): void =>
    tally.count(hasFired ? `${name} executed it` : undefined);

/** @throws when plain git leaves it alone: a dead bait proves nothing */
const mustFire = (hostile: HostileWorld, how: string): void => {
  if (!hostile.hasFired()) throw new Error(`plain git does not take the bait: ${how}`);
};

const planted = Object.entries(PLANTED).map(
  ([name, { plant, taken }]): GitVector => ({
    name,
    controls: ['git.own-git-dir'],
    isSmoke: SMOKE.includes(name),
    run: (_, tally) =>
      inWorld(async (hostile) => {
        hostile.asAgent(`git init -q .\n${plant}\necho changed > b.txt`);
        hostile.asAgent(taken, { mayFail: true });
        mustFire(hostile, taken);
        const failure = await runWork(hostile, counted(tally));
        if (failure !== undefined && tally.through.length === 0) throw failure;
        hostile.asAgent(`rm -rf .git\ngit init -q .\n${plant}\necho changed > b.txt`, { mayFail: true });
        hostile.hasFired();
        await runHostCommands(hostile, counted(tally));
      }),
  }),
);

/** What a task does with a tree, from its snapshot to its return to the pool. Answers what did not work. */
const runWork = async (hostile: HostileWorld, count: (name: string, hasFired: boolean) => void): Promise<unknown> => {
  const { world, tree, trees, base, tip } = hostile;
  let failure: unknown;
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      failure ??= error;
    });
    count(name, hostile.hasFired());
  };
  let head = base;
  await step('the snapshot', async () => {
    const taken = await takeSnapshot(world.mirror, { tree });
    if (taken.kind !== 'taken') return;
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
    head = round?.headSha ?? base;
  });
  const taskId = '01900000-0000-7000-8000-0123456789ab';
  await step('the checkpoint', () => keepCheckpoint(world.mirror, { tree, taskId, baseSha: base }));
  await step('the diff', () => diffText(world.mirror, { from: base, to: head }));
  await step('the rebase', () => prepareRebase(world.mirror, { trees, treeId: TREE_ID, tip, headSha: head }));
  const ref = 'refs/millwright/wip/x';
  await step('the push', () => pushOwnRef(world.mirror, world.remote, { ref, to: head, expected: undefined }));
  await step('the reset', () => trees.force(TREE_ID, { repository: world.mirror, to: tip }));
  await step('the return to the pool', async () => {
    await trees.release(TREE_ID, { ownerId: TREE_ID, repository: world.mirror });
    await trees.settle();
  });
  await step('the next owner', () =>
    trees.acquire({ repository: world.mirror, treeId: TREE_ID, baseSha: base, ...OWNER }),
  );
  return failure;
};

const poisoned = Object.entries(POISONED).map(
  ([name, { plant, taken, controls }]): GitVector => ({
    name,
    controls,
    isSmoke: SMOKE.includes(name),
    run: (_, tally) =>
      inWorld(async (hostile) => {
        hostile.asHost(plant.replace('$SIGN', () => SIGN));
        hostile.asAgent('echo changed > b.txt');
        hostile.asHost(taken, { mayFail: true });
        mustFire(hostile, taken);
        await runHostCommands(hostile, counted(tally));
      }),
  }),
);

/** A shell function that makes a commit with a signature of the kind given and points a ref of the world at it. */
const SIGN = `sign() { git --git-dir="$MIRROR" cat-file commit $TIP | sed "s/^committer.*/&\\ngpgsig -----$1-----\\n x\\n -----$(echo "$1" | sed s/BEGIN/END/)-----/" |
  git --git-dir="$MIRROR" hash-object -t commit -w --stdin | xargs git --git-dir="$MIRROR" update-ref ${SIGNED}; }; sign`;

const environments = Object.entries(ENVIRONMENTS).map(
  ([name, { plant = 'true', environment, taken }]): GitVector => ({
    name: `${name} in the environment`,
    controls: ['git.environment'],
    isSmoke: SMOKE.includes(name),
    run: (_, tally) =>
      inWorld(async (hostile) => {
        hostile.asAgent(plant);
        const outer = environment(hostile);
        const assignments = Object.entries(outer).map(
          ([key, value]) => `export ${key}='${String(value).replaceAll("'", `'\\''`)}'`,
        );
        hostile.asHost(`${assignments.join('\n')}\n${taken}`, { mayFail: true });
        mustFire(hostile, taken);
        hostile.asHost('rm -rf .git');
        const git = hostile.gitIn({ ...process.env, ...outer });
        await runHostCommands(hostile, counted(tally), { git });
      }),
  }),
);

/** Without it a host command that fails at once would count as one that withstood. */
const harmless: GitVector = {
  name: 'nothing at all (every host command works)',
  controls: [],
  run: (_, tally) =>
    inWorld(async (hostile) => {
      hostile.asAgent('echo changed > b.txt');
      await runHostCommands(hostile, counted(tally), { mustWork: true });
    }),
};

export const HOST_GIT: readonly GitVector[] = [harmless, ...planted, ...poisoned, ...environments];
