import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createKeepCheckpoint } from '../../activities/git/keep-checkpoint.js';
import { createTreeActivities } from '../../activities/git/tree.activities.js';
import { checkFence } from '../../infra/git/fence.js';
import { readCommit } from '../../infra/git/objects.js';
import { asAttempt } from '../support/git/activity-world.js';
import { TreeSuite } from '../support/git/tree-suite.js';

const suite = TreeSuite.use();
const { acquire, commitInput, fence, file } = suite;

test('a stalled first attempt is shut out by the second of the same activity', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const input = commitInput([suite.base]);
  const second = await asAttempt(2, suite.world.trees.commitRound, input);
  expect(second.kind).toBe('committed');
  await expect(asAttempt(1, suite.world.trees.commitRound, input)).rejects.toMatchObject({ type: 'Superseded' });
});

test('an attempt that is replaced while it takes its snapshot pushes nothing', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const input = commitInput([suite.base]);
  const { writes } = suite.database.pools;
  const query: typeof writes.query = async (statement) => {
    // Asked for the identity of the project, between snapshot and push.
    await checkFence(suite.world.deps.trees.store.live(suite.taskId), fence());
    return writes.query(statement);
  };
  const pools = { ...suite.database.pools, writes: Object.assign(Object.create(writes), { query }) };
  const overtaken = createTreeActivities({ ...suite.world.deps, pools });
  await expect(asAttempt(1, overtaken.commitRound, input)).rejects.toMatchObject({ type: 'Superseded' });
  expect(await suite.world.tip(suite.branch)).toBeUndefined();
});

test('an older attempt neither keeps a checkpoint nor changes the files for a rebase', async () => {
  await acquire();
  const { trees, projectId } = suite.world;
  const old = fence();
  await checkFence(suite.world.deps.trees.store.live(suite.taskId), fence());
  const keepCheckpoint = createKeepCheckpoint(suite.world.deps);
  const { signal } = new AbortController();
  const keep = () => keepCheckpoint({ projectId, taskId: suite.taskId, treeId: suite.taskId, fence: old }, signal);
  await expect(asAttempt(1, keep, undefined)).rejects.toMatchObject({ type: 'Superseded' });
  const rebase = { treeId: suite.taskId, projectId, fence: old, tip: suite.base, headSha: suite.base };
  await expect(asAttempt(1, trees.prepareRebase, rebase)).rejects.toMatchObject({ type: 'Superseded' });
});

test('a round is one commit with the project’s identity, and its repetition is the same one', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'work\n');
  const first = await asAttempt(1, suite.world.trees.commitRound, commitInput([suite.base]));
  if (first.kind !== 'committed') throw new Error(first.kind);
  expect(first.files).toEqual(['a.txt']);
  expect(await suite.world.tip(suite.branch)).toBe(first.headSha);
  expect(await readCommit(await suite.world.deps.mirrors.open(suite.world.projectId), first.headSha)).toMatchObject({
    authorName: 'Millwright',
    committedAtSeconds: 1_800_000_000,
    message: `Add a thing\n\nIt was added.\n\nMillwright-Task: ${suite.taskId}`,
  });
  expect(await asAttempt(2, suite.world.trees.commitRound, commitInput([suite.base]))).toEqual(first);
  // Scheduled anew, hours later, because the engine lost its store: the pushed round is adopted.
  const later = new MockActivityEnvironment({ attempt: 1, scheduledTimestampMs: 1_900_000_000_000 });
  expect(await later.run(suite.world.trees.commitRound, commitInput([suite.base]))).toEqual(first);
});

test('no change, refused files and markers left are answers, and nothing is pushed', async () => {
  await acquire();
  expect(await asAttempt(1, suite.world.trees.commitRound, commitInput([suite.base]))).toEqual({ kind: 'no_change' });
  mkdirSync(file('sub/.git'), { recursive: true });
  expect(await asAttempt(1, suite.world.trees.commitRound, commitInput([suite.base]))).toMatchObject({
    kind: 'refused',
    paths: ['sub/.git'],
  });
  expect(await suite.world.tip(suite.branch)).toBeUndefined();
});

test('ignored files are named by seal and commit, and so is what git cannot keep', async () => {
  await acquire();
  const keepCheckpoint = createKeepCheckpoint(suite.world.deps);
  const keep = () =>
    asAttempt(
      1,
      () =>
        keepCheckpoint(
          { treeId: suite.taskId, projectId: suite.world.projectId, taskId: suite.taskId, fence: fence() },
          signal,
        ),
      {},
    );
  const { signal } = new AbortController();
  writeFileSync(file('.gitignore'), '*.log\n');
  writeFileSync(file('run.log'), 'x');
  expect(await keep()).toEqual({ checkpointSha: expect.any(String), ignored: ['run.log'] });
  const round = await asAttempt(1, suite.world.trees.commitRound, commitInput([suite.base]));
  expect(round).toMatchObject({ kind: 'committed', files: ['.gitignore'], ignored: ['run.log'] });
  const headSha = round.kind === 'committed' ? round.headSha : '';
  expect(await asAttempt(1, suite.world.trees.commitRound, commitInput([headSha]))).toEqual({
    kind: 'no_change',
    ignored: ['run.log'],
  });
  mkdirSync(file('sub/.git'), { recursive: true });
  expect(await keep()).toEqual({ refused: { paths: ['sub/.git'], why: expect.any(String) } });
});

test('a tree that is only read keeps no checkpoint, whatever lies in it', async () => {
  const { projectId, trees, deps } = suite.world;
  const { taskId } = suite;
  const reading = { projectId, ownerId: taskId, taskId, branch: 'main', mode: 'read', fence: suite.fence() } as const;
  await asAttempt(1, trees.acquireTree, reading);
  writeFileSync(file('a.txt'), 'scribbled\n');
  const { signal } = new AbortController();
  const keep = () => createKeepCheckpoint(deps)({ projectId, taskId, treeId: taskId, fence: fence() }, signal);
  expect(await asAttempt(1, keep, undefined)).toEqual({});
});

test('a rebase is prepared, refused with markers, then committed with both parents', async () => {
  await acquire();
  writeFileSync(file('a.txt'), '1\nmine\n3\n');
  const round = await asAttempt(1, suite.world.trees.commitRound, commitInput([suite.base]));
  const headSha = round.kind === 'committed' ? round.headSha : '';
  const tip = suite.world.source.commit('theirs', { 'a.txt': '1\ntheirs\n3\n' });
  await asAttempt(1, suite.world.repository.importSource, { projectId: suite.world.projectId });
  const rebase = (attempt: number) =>
    asAttempt(attempt, suite.world.trees.prepareRebase, {
      treeId: suite.taskId,
      projectId: suite.world.projectId,
      taskId: suite.taskId,
      fence: fence(),
      tip,
      headSha,
    });
  const prepared = await rebase(1);
  expect(prepared).toMatchObject({ kind: 'conflict', files: [{ path: 'a.txt' }] });
  expect(await rebase(2)).toEqual(prepared);
  expect(await asAttempt(1, suite.world.trees.commitRound, commitInput([headSha, tip], ['a.txt']))).toEqual({
    kind: 'markers',
    files: ['a.txt'],
  });
  writeFileSync(file('a.txt'), '1\nboth\n3\n');
  const merged = await asAttempt(1, suite.world.trees.commitRound, commitInput([headSha, tip], ['a.txt']));
  if (merged.kind !== 'committed') throw new Error(merged.kind);
  const mirror = await suite.world.deps.mirrors.open(suite.world.projectId);
  expect((await readCommit(mirror, merged.headSha)).parents).toEqual([headSha, tip]);
});

test('a checkpoint survives the tree, and the suite.base stays what the work started from', async () => {
  await acquire();
  writeFileSync(file('a.txt'), 'kept\n');
  const { signal } = new AbortController();
  const keepCheckpoint = createKeepCheckpoint(suite.world.deps);
  const keep = (input: { readonly fence: string; readonly treeId?: string }) =>
    asAttempt(
      1,
      (one: typeof input) => keepCheckpoint({ projectId: suite.world.projectId, taskId: suite.taskId, ...one }, signal),
      input,
    );
  expect(await keep({ fence: fence() })).toEqual({});
  const { checkpointSha: sha } = await keep({ fence: fence(), treeId: suite.taskId });
  expect(await keep({ fence: fence(), treeId: suite.taskId })).toEqual({ checkpointSha: sha });
  await asAttempt(1, suite.world.trees.releaseTree, {
    treeId: suite.taskId,
    projectId: suite.world.projectId,
    ownerId: suite.taskId,
  });
  await expect(keep({ fence: fence(), treeId: suite.taskId })).rejects.toMatchObject({ type: 'WorktreeLost' });
  expect(await acquire(1, sha)).toEqual({ treeId: suite.taskId, baseSha: suite.base });
  expect(readFileSync(file('a.txt'), 'utf8')).toBe('kept\n');
});
