import { expect, test } from '@jest/globals';
import { cancelUpdate, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { taskStatusQuery } from '../../workflows/contract/task.js';
import { until } from '../support/until.js';
import { forgeArchived, forgeLimited, limitedFor } from './support/forge-limit.js';
import { by } from './support/refusal.js';
import { TaskSuite } from './support/task-suite.js';
import { TaskWorld } from './support/task-world.js';

const suite = TaskSuite.use();
const HOUR_AND_MORE_MS = 70 * 60_000;

test('a task waits for as long as the forge limits it, says so, and goes on without asking anybody', async () => {
  const world = new TaskWorld();
  const limit = limitedFor(2);
  world.onPublish = limit.ask;
  const { task, landed } = await suite.start(world);
  await until(() => /^the forge’s limit, until \d{4}-\d\d-\d\d \d\d:\d\d UTC$/.test(world.row.waitingFor ?? ''));
  expect(world.row).toMatchObject({ state: 'REVIEW', blockedReason: null });
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect([limit.asked(), world.mails, world.states().includes('BLOCKED')]).toEqual([3, [], false]);
  expect(world.row.waitingFor).toBeNull();
});

test('checks that the forge is asked for are neither red nor broken while it limits us', async () => {
  const world = new TaskWorld();
  const limit = limitedFor(1);
  world.onCheck = async () => {
    await limit.ask();
    return 'passed' as const;
  };
  const { task, landed } = await suite.start(world);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect([limit.asked(), world.verified.length, world.runs.length]).toEqual([2, 1, 1]);
});

test('a task of an archived repository waits for people there, and none of ours is asked', async () => {
  const world = new TaskWorld();
  let isArchived = true;
  world.onPublish = async () => {
    if (isArchived) throw forgeArchived();
  };
  const { task } = await suite.start(world);
  await until(() =>
    /^the repository at the forge, which is archived; looked at again/.test(world.row.waitingFor ?? ''),
  );
  isArchived = false;
  expect([world.row.state, world.mails]).toEqual(['REVIEW', []]);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
});

test('a task that waits for a limit of more than an hour is paused, resumed and cancelled at once', async () => {
  const world = new TaskWorld();
  world.onPublish = async () => {
    throw forgeLimited(HOUR_AND_MORE_MS);
  };
  const { task } = await suite.start(world);
  const waits = async (): Promise<string> => (await task.query(taskStatusQuery)).waitingFor ?? '';
  await until(async () => (await waits()).startsWith('the forge’s limit'));
  await task.executeUpdate(pauseUpdate, by);
  await task.executeUpdate(resumeUpdate, by);
  await task.executeUpdate(cancelUpdate, by);
  expect(await task.result()).toEqual({ kind: 'cancelled' });
  expect(world.mails).toEqual([]);
});
