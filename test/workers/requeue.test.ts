import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQueueStoreActivities } from '../../activities/store/queue.activities.js';
import { createLogger } from '../../infra/logging.js';
import { requeue } from '../../workers/duties/requeue.js';
import { queueWorkflowId } from '../../workflows/contract/ids.js';
import { mergeQueueEntriesQuery } from '../../workflows/contract/merge-queue.js';
import { recordOf } from '../support/merge/landing-world.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertProject } from '../support/rows.js';
import { QueueRig } from '../workflows/support/queue-rig.js';
import { shaOf } from '../workflows/support/queue-world.js';

const q = QueueRig.forSuite();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const run = () =>
  requeue({
    writes: database.pools.writes,
    client: q.rig.env.client,
    tuning: 'brisk',
    log: createLogger({ name: 'test', level: 'silent' }),
  });

test('a queue that the engine lost comes back held as it was, its live entries in their old order, once', async () => {
  q.projectId = await insertProject(database.pools.writes);
  const store = createQueueStoreActivities(database);
  const key = { workflowId: queueWorkflowId(q.projectId, 'main'), firstRunId: 'lost' };
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  const entry = (n: number, more: object = {}) => ({
    ...recordOf({
      entryId: ids[n - 1] ?? '',
      prNumber: n,
      headRef: `b${n}`,
      headSha: shaOf(`head ${n}`),
      title: `Change ${n}`,
    }),
    owner: `task/${n}`,
    seq: 10 - n,
    ...more,
  });
  for (const n of [1, 2, 3]) q.world.pullRequest(n);
  await store.recordQueue({
    projectId: q.projectId,
    branch: 'main',
    key,
    gen: 1,
    entries: [
      entry(1),
      entry(2, { state: 'active' }),
      entry(3, { state: 'landed', decidedAt: '2026-11-21T00:00:00.000Z' }),
    ],
    lane: {
      mode: 'paused',
      pausedBy: ['person'],
      draining: false,
      by: 'ada',
      reason: 'audit',
      since: '2026-11-21T00:00:00.000Z',
      tip: q.world.tip,
    },
    log: [],
  });
  expect(await run()).toBe(1);
  expect(await run()).toBe(0);
  const view = await q.queue.query(mergeQueueEntriesQuery);
  expect(view.entries.map((one) => one.entryId)).toEqual([ids[1], ids[0]]);
  expect(view.lane).toMatchObject({ mode: 'paused', by: 'ada', reason: 'audit' });
});
