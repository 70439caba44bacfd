import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { keepCheckpoint } from '../../infra/git/checkpoint.js';
import { treeOf } from '../../infra/git/objects.js';
import { makeFence } from '../../workflows/contract/fence.js';
import { type ActivityWorld, activityWorld, asAttempt } from '../support/git/activity-world.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertRun, insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: ActivityWorld;
let taskId: string;
let base: string;
let checkpoints: string[];
let seq = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await activityWorld(database);
  base = world.source.commit('first', { 'a.txt': 'a\n' });
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
  taskId = await insertTask(database.pools.writes, world.projectId);
  await acquire();
  const runId = await insertRun(database.pools.writes, world.projectId, { taskId });
  checkpoints = [];
  for (let turn = 0; turn < 3; turn++) {
    writeFileSync(file(`turn-${turn}.txt`), `${turn}\n`);
    const { tree } = await world.deps.trees.open(taskId);
    const repository = await world.deps.mirrors.open(world.projectId);
    const kept = await keepCheckpoint(repository, { tree, taskId, baseSha: base });
    const sha = kept.kind === 'kept' ? kept.sha : '';
    checkpoints.push(sha);
    await database.pools.writes.query({
      text: `INSERT INTO turn (run_id, seq, request_ref, response_ref, stop_reason, checkpoint_ref)
             VALUES ($1, $2, 'q', 'r', 'tool_use', $3)`,
      values: [runId, turn, sha],
    });
  }
});
afterEach(() => world.remove());

const file = (name: string): string => join(world.deps.trees.store.live(taskId).source, name);
const acquire = (at?: string) =>
  asAttempt(1, world.trees.acquireTree, {
    projectId: world.projectId,
    ownerId: taskId,
    taskId,
    branch: 'main',
    ...(at === undefined ? {} : { at }),
    mode: 'write',
    fence: makeFence(1_000, ++seq),
  });

/** The files of a checkpoint are gone, its commit is not. */
const lose = async (sha: string): Promise<void> => {
  const repository = await world.deps.mirrors.open(world.projectId);
  const tree = await treeOf(repository, sha);
  const path = join(repository.dir, 'objects', tree.slice(0, 2), tree.slice(2));
  chmodSync(path, 0o644);
  rmSync(path);
};

test('the newest checkpoint before a lost one is taken, and its base is told', async () => {
  const [, , newest = ''] = checkpoints;
  await lose(newest);
  expect(await acquire(newest)).toEqual({ treeId: taskId, baseSha: base });
  const there = [0, 1, 2].map((turn) => existsSync(file(`turn-${turn}.txt`)));
  expect(there).toEqual([true, true, false]);
});

test('a checkpoint that is lost with all before it is not found', async () => {
  for (const sha of checkpoints) await lose(sha);
  await expect(acquire(checkpoints[2])).rejects.toMatchObject({
    type: 'NotFound',
    details: { reason: 'CHECKPOINT' },
  });
});

test('a commit that no turn made fails as it did', async () => {
  await expect(acquire('f'.repeat(40))).rejects.toMatchObject({ type: 'NotFound', details: { reason: 'OBJECT' } });
});
