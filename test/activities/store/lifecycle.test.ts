import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createStoreActivities } from '../../../activities/store/store.activities.js';
import type { StoreActivities } from '../../../workflows/contract/activities/store.js';
import type { LifecycleEntry } from '../../../workflows/contract/lifecycle.js';
import { MemoryBlobs } from '../../support/memory-blobs.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertAgent, insertEpic, insertProject, insertRun, insertTask } from '../../support/rows.js';

let db: TestDatabase;
let store: StoreActivities;
let projectId: string;

beforeAll(async () => {
  db = await createTestDatabase();
  store = createStoreActivities({
    pools: db.pools,
    blobs: new MemoryBlobs(),
    runDeadlineMs: 60_000,
    modelOf: () => 'claude-test',
    composePrompt: async (input) => `prompt of ${input.runId}`,
  });
  projectId = await insertProject(db.pools.writes);
});
afterAll(() => db.drop());

const step = (number: number, from: string, to: string): LifecycleEntry => ({
  number,
  at: `2026-01-01T00:00:0${number}.000Z`,
  type: 'epic.state',
  data: { from, to },
  decision: { kind: 'transition', title: `${from} → ${to}`, decision: to },
});

const eventsOf = async (epicId: string): Promise<unknown> => {
  const { rows } = await db.pools.writes.query({
    text: 'SELECT seq, type, data FROM event WHERE epic_id = $1 ORDER BY seq',
    values: [epicId],
  });
  return rows;
};

test('a repeated write stores no event twice and raises no revision', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const write = {
    epicId,
    key: { workflowId: `epic/${epicId}`, firstRunId: 'r1' },
    patch: { state: 'IN_PROGRESS', phase: 'executing' },
    entries: [step(1, 'PLANNING', 'IN_PROGRESS')],
  } as const;
  expect(await store.saveEpic(write)).toEqual({ revision: 1 });
  expect(await store.saveEpic(write)).toEqual({ revision: 1 });
  expect(await eventsOf(epicId)).toEqual([
    { seq: 1, type: 'epic.state', data: { from: 'PLANNING', to: 'IN_PROGRESS' } },
  ]);
});

test('a repeated write of a task or of a run neither raises its revision nor undoes what came after it', async () => {
  const { writes } = db.pools;
  const taskId = await insertTask(writes, projectId);
  const runId = await insertRun(writes, projectId, { taskId });
  const key = (workflowId: string) => ({ key: { workflowId, firstRunId: 'r1' } });
  const first = { entries: [step(1, 'a', 'b')], patch: { waitingFor: 'ada' } };
  const ofTask = { taskId, ...key(`task/${taskId}`), ...first } as const;
  const ofRun = { runId, ...key(`run/${runId}`), entries: first.entries, patch: { summary: 'early' } } as const;
  expect([await store.saveTask(ofTask), await store.saveRun(ofRun)]).toEqual([{ revision: 1 }, { revision: 1 }]);
  const next = { entries: [step(2, 'b', 'c')] };
  await store.saveTask({ ...ofTask, ...next, patch: { waitingFor: 'bob' } });
  await store.saveRun({ ...ofRun, ...next, patch: { summary: 'late' } });
  expect([await store.saveTask(ofTask), await store.saveRun(ofRun)]).toEqual([{ revision: 2 }, { revision: 2 }]);
  const { rows } = await writes.query({
    text: 'SELECT waiting_for AS said FROM task WHERE id = $1 UNION ALL SELECT summary FROM run WHERE id = $2',
    values: [taskId, runId],
  });
  expect(rows).toEqual([{ said: 'bob' }, { said: 'late' }]);
});

test('an epic or a run whose row is over answers ended', async () => {
  const { writes } = db.pools;
  const epicId = await insertEpic(writes, projectId);
  expect(await store.openEpic({ epicId })).toMatchObject({ kind: 'open' });
  await writes.query({ text: `UPDATE epic SET state = 'COMPLETED' WHERE id = $1`, values: [epicId] });
  expect(await store.openEpic({ epicId })).toEqual({ kind: 'ended', state: 'COMPLETED' });
  const agentName = 'of-a-run';
  const agentId = await insertAgent(writes, agentName);
  const runId = await insertRun(writes, projectId, { agentId, state: 'orphaned' });
  const opened = await store.openRun({
    runId,
    agentName,
    projectId,
    kind: 'execution',
    attempt: 1,
    round: 0,
    context: {},
  });
  expect(opened).toEqual({ kind: 'ended', state: 'orphaned' });
});

test('a write that overlaps an earlier one stores only what is new, in order', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const key = { workflowId: `epic/${epicId}`, firstRunId: 'r1' };
  await store.saveEpic({ epicId, key, patch: {}, entries: [step(1, 'PLANNING', 'BLOCKED')] });
  await store.saveEpic({
    epicId,
    key,
    patch: { state: 'IN_PROGRESS' },
    entries: [step(3, 'PLANNING', 'IN_PROGRESS'), step(1, 'PLANNING', 'BLOCKED'), step(2, 'BLOCKED', 'PLANNING')],
  });
  expect(await eventsOf(epicId)).toMatchObject([
    { seq: 1, data: { to: 'BLOCKED' } },
    { seq: 2, data: { to: 'PLANNING' } },
    { seq: 3, data: { to: 'IN_PROGRESS' } },
  ]);
});

test('a workflow that was started anew counts its entries from one again', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const workflowId = `epic/${epicId}`;
  const entries = [step(1, 'PLANNING', 'BLOCKED')];
  await store.saveEpic({ epicId, key: { workflowId, firstRunId: 'r1' }, patch: {}, entries });
  await store.saveEpic({ epicId, key: { workflowId, firstRunId: 'r2' }, patch: {}, entries });
  expect(await eventsOf(epicId)).toHaveLength(2);
});

test('null clears a column, an absent key leaves it', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const key = { workflowId: `epic/${epicId}`, firstRunId: 'r1' };
  const read = async () =>
    (
      await db.pools.writes.query({
        text: 'SELECT blocked_reason, waiting_for, paused_by FROM epic WHERE id = $1',
        values: [epicId],
      })
    ).rows[0];
  await store.saveEpic({
    epicId,
    key,
    patch: { blockedReason: 'a task failed', waitingFor: 'ada', pausedBy: ['person', 'factory'] },
    entries: [step(1, 'PLANNING', 'BLOCKED')],
  });
  expect(await read()).toEqual({
    blocked_reason: 'a task failed',
    waiting_for: 'ada',
    paused_by: ['person', 'factory'],
  });
  await store.saveEpic({
    epicId,
    key,
    patch: { blockedReason: null, pausedBy: [] },
    entries: [step(2, 'BLOCKED', 'PLANNING')],
  });
  expect(await read()).toEqual({ blocked_reason: null, waiting_for: 'ada', paused_by: [] });
});

test('a task whose row is over, or at a later attempt, answers ended', async () => {
  await insertAgent(db.pools.writes, 'anthropic-worker');
  const open = await insertTask(db.pools.writes, projectId);
  const failed = await insertTask(db.pools.writes, projectId, { state: 'FAILED' });
  expect(await store.openTask({ taskId: open, attempt: 1 })).toMatchObject({
    kind: 'open',
    facts: { taskId: open, targetBranch: 'main', agentName: 'anthropic-worker' },
  });
  expect(await store.openTask({ taskId: open, attempt: 0 })).toEqual({ kind: 'ended', state: 'PENDING' });
  expect(await store.openTask({ taskId: failed, attempt: 1 })).toEqual({ kind: 'ended', state: 'FAILED' });
});

test('a task for an unknown agent is refused by name', async () => {
  const taskId = await insertTask(db.pools.writes, projectId, { agentName: 'nobody' });
  await expect(store.openTask({ taskId, attempt: 1 })).rejects.toMatchObject({
    type: 'InvalidInput',
    message: expect.stringContaining('nobody'),
  });
});

test.each([
  ['NUL', 'a\0b', 'a\ufffdb'],
  ['half of an emoji', '💥'.repeat(9).slice(0, 7), '💥💥💥\ufffd'],
])('a reason with %s is stored as far as it can be', async (_, reason, shown) => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const entry = { ...step(1, 'PLANNING', 'BLOCKED'), data: { reason } };
  await store.saveEpic({
    epicId,
    key: { workflowId: `epic/${epicId}`, firstRunId: 'r1' },
    patch: { state: 'BLOCKED', blockedReason: reason },
    entries: [{ ...entry, decision: { kind: 'transition', title: reason, decision: reason, reasoning: reason } }],
  });
  expect(await eventsOf(epicId)).toEqual([{ seq: 1, type: 'epic.state', data: { reason: shown } }]);
});
