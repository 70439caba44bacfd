import { expect, test } from '@jest/globals';
import { EngineSuite } from '../support/api/engine-suite.js';
import { seedEntry, seedEpic, seedLane } from '../support/api/seed.js';

const suite = EngineSuite.use();
const { humanActs, startWith, toldTo } = suite;

test('a queue whose epic is still being planned takes no pause, which it could not keep', async () => {
  const branch = 'millwright/epic/to-come';
  await seedEpic(suite.database, suite.projectId, { branch, phase: 'planning' });
  const path = `/api/v1/queues/${suite.projectId}/${encodeURIComponent(branch)}/pause`;
  const { status, body } = await suite.api.post(path, { reason: 'x' });
  expect([status, body.detail]).toEqual([
    409,
    'The epic is still being planned and nothing lands yet: pause the epic.',
  ]);
});

test('a resting queue is started by a pause, which then holds; an open ends it', async () => {
  const path = `/api/v1/queues/${suite.projectId}/main`;
  expect((await suite.api.get(path)).status).toBe(404);
  const paused = await suite.api.post(`${path}/pause`, { reason: 'Release.' }, { key: suite.api.keys.lead });
  expect(paused.body).toMatchObject({ isRunning: true, lane: { mode: 'paused', by: 'lea', reason: 'Release.' } });
  expect((await suite.api.get(path)).body.lane.mode).toBe('paused');
  expect((await suite.api.post(`${path}/pause`, { mode: 'drain', reason: 'Rest.' })).body.lane.mode).toBe('draining');
  expect((await suite.api.post(`${path}/open`)).body.lane.mode).toBe('open');
  expect(await humanActs(`projectId=${suite.projectId}&limit=3`)).toEqual(['queue.open', 'queue.drain', 'queue.pause']);
  expect(
    (await suite.api.post(`/api/v1/queues/${suite.projectId}/nothing-lands-here/pause`, { reason: 'x' })).status,
  ).toBe(404);
});

test('an entry is explained, moved and withdrawn; only an admin says that it fixes the base', async () => {
  const branch = 'release/1.0';
  await seedLane(suite.database, suite.projectId, { branch });
  const entry = await seedEntry(suite.database, suite.projectId, { branch });
  const path = `/api/v1/queues/${suite.projectId}/${encodeURIComponent(branch)}`;
  expect((await suite.api.get(path)).body).toMatchObject({ isRunning: false, branch, entries: [] });
  const at = `/api/v1/queues/entries/${entry}`;
  expect((await suite.api.post(`${at}/withdraw`)).status).toBe(409);
  await startWith('mergeQueue', `merge-queue/${suite.projectId}/${branch}`, { projectId: suite.projectId, branch });
  expect((await suite.api.get(`${at}/why`)).body).toMatchObject({ text: 'It waits for a slot.', state: 'queued' });
  const move = { priority: 2, fixesBase: true, reason: 'It repairs main.' };
  expect((await suite.api.post(`${at}/reprioritise`, move, { key: suite.api.keys.lead })).status).toBe(403);
  expect((await suite.api.post(`${at}/reprioritise`, move)).status).toBe(200);
  expect((await suite.api.post(`${at}/withdraw`, { reason: 'Not now.' })).status).toBe(200);
  expect(await toldTo(`merge-queue/${suite.projectId}/${branch}`)).toEqual([
    { name: 'reprioritise', command: { entryId: entry, by: 'ada', ...move } },
    { name: 'withdraw', command: { entryId: entry, by: 'ada', reason: 'Not now.' } },
  ]);
});

test('an entry that has ended says how', async () => {
  const landed = await seedEntry(suite.database, suite.projectId, {
    branch: 'gone',
    state: 'landed',
    landed_sha: 'd'.repeat(40),
  });
  const { body } = await suite.api.get(`/api/v1/queues/entries/${landed}/why`);
  expect(body).toEqual({ text: 'It has landed as dddddddddddd.', state: 'landed', entry: null, builds: [] });
});
