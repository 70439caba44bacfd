import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { WorkFound } from '../../activities/agents/tools/complete-work.js';
import { createLookAtWork } from '../../activities/git/look-at-work.js';
import { makeFence } from '../../workflows/contract/fence.js';
import { type ActivityWorld, activityWorld, asAttempt } from '../support/git/activity-world.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: ActivityWorld;
let taskId: string;
let base: string;
let seq = 0;
const fence = () => makeFence(1_000, ++seq);

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await activityWorld(database);
  base = world.source.commit('first', { 'a.txt': '1\n2\n3\n', '.gitignore': '*.log\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  taskId = await insertTask(database.pools.writes, world.projectId);
  const owner = { projectId: world.projectId, ownerId: taskId, taskId };
  await asAttempt(1, world.trees.acquireTree, { ...owner, branch: 'main', mode: 'write', fence: fence() });
});
afterEach(() => world.remove());

const write = (name: string, content: string): void =>
  writeFileSync(join(world.deps.trees.store.live(taskId).source, name), content);
const look = (conflictFiles: readonly string[] = []): Promise<WorkFound> =>
  createLookAtWork(world.deps)(
    { projectId: world.projectId, treeId: taskId, taskId, conflictFiles, isMerge: conflictFiles.length > 0 },
    new AbortController().signal,
  );
const commit = () =>
  asAttempt(1, world.trees.commitRound, {
    treeId: taskId,
    projectId: world.projectId,
    taskId,
    fence: fence(),
    branch: 'millwright/work',
    parents: [base],
    title: 't',
    summary: '',
    round: 1,
  });

test('work of ignored files alone is no change, and they are named', async () => {
  expect(await look()).toEqual({ kind: 'unchanged', ignored: [] });
  write('a.log', 'x');
  write('b.log', 'x');
  expect(await look()).toEqual({ kind: 'unchanged', ignored: ['a.log', 'b.log'] });
  write('new.txt', 'x');
  expect(await look()).toEqual({ kind: 'changed', ignored: ['a.log', 'b.log'] });
});

test('after a round, work is what differs from its commit', async () => {
  write('new.txt', 'x');
  const round = await commit();
  const headSha = round.kind === 'committed' ? round.headSha : '';
  await database.pools.writes.query({ text: 'UPDATE task SET head_sha = $2 WHERE id = $1', values: [taskId, headSha] });
  expect(await look()).toEqual({ kind: 'unchanged', ignored: [] });
  write('new.txt', 'y');
  expect(await look()).toMatchObject({ kind: 'changed' });
});

test('files of a merge that hold markers are named until they are resolved', async () => {
  write('a.txt', '1\nmine\n3\n');
  const round = await commit();
  const headSha = round.kind === 'committed' ? round.headSha : '';
  const tip = world.source.commit('theirs', { 'a.txt': '1\ntheirs\n3\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  const merge = { treeId: taskId, projectId: world.projectId, taskId, fence: fence(), tip, headSha };
  expect(await asAttempt(1, world.trees.prepareRebase, merge)).toMatchObject({ kind: 'conflict' });
  expect(await look(['a.txt'])).toEqual({ kind: 'markers', files: ['a.txt'] });
  write('a.txt', '1\nmine\n3\n');
  expect(await look(['a.txt'])).toEqual({ kind: 'changed', ignored: [] });
});

test('what git cannot keep is refused by name', async () => {
  const nested = join(world.deps.trees.store.live(taskId).source, 'sub');
  mkdirSync(join(nested, '.git'), { recursive: true });
  expect(await look()).toMatchObject({ kind: 'refused', paths: ['sub/.git'] });
  rmSync(nested, { recursive: true });
  expect(await look()).toMatchObject({ kind: 'unchanged' });
});
