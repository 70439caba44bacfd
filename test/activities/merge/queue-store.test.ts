import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findLaneTip } from '../../../activities/git/known-base.js';
import { countVerdicts, usualCheckMs } from '../../../activities/store/evidence.repository.js';
import { createEvidenceActivities, createQueueStoreActivities } from '../../../activities/store/queue.activities.js';
import type { EvidenceRecord } from '../../../workflows/contract/activities/checks.js';
import type { QueueLifecycleEntry, RecordBuildInput } from '../../../workflows/contract/activities/merge.js';
import { recordOf } from '../../support/merge/landing-world.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertEpic, insertProject, insertTask } from '../../support/rows.js';

let database: TestDatabase;
let projectId: string;
let store: ReturnType<typeof createQueueStoreActivities>;
let evidence: ReturnType<typeof createEvidenceActivities>;
beforeAll(async () => {
  database = await createTestDatabase();
  store = createQueueStoreActivities(database);
  evidence = createEvidenceActivities(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  projectId = await insertProject(database.pools.writes);
});

const at = () => ({ projectId, branch: 'main' });
const key = () => ({ workflowId: `merge-queue/${projectId}/main`, firstRunId: 'run' });
const member = () => ({ entryId: randomUUID(), prNumber: 1, headRef: 'b', headSha: 'f'.repeat(40), title: 'One' });
const rowsOf = async <Row extends object>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
  (await database.pools.writes.query<Row>({ text, values })).rows;
const verdict = (more: Partial<EvidenceRecord> = {}): Omit<EvidenceRecord, 'id'> => ({
  key: 'k',
  check: 'test',
  tree: 't',
  outcome: 'passed',
  flakyTests: [],
  failedTests: [],
  buildId: 'b',
  ms: 7,
  ...more,
});

describe('rows of entries and lanes', () => {
  test('a repeated or late write changes nothing; its log lines are stored once and belong to their task', async () => {
    const epicId = await insertEpic(database.pools.writes, projectId);
    const taskId = await insertTask(database.pools.writes, projectId, { epicId });
    const one = member();
    const line: QueueLifecycleEntry = {
      number: 1,
      at: '2026-11-21T00:00:00.000Z',
      type: 'queue.entry',
      data: { to: 'queued' },
      decision: { kind: 'transition', title: '#1 One: none → queued', decision: 'queued' },
      taskId,
      epicId,
    };
    const first = { ...at(), key: key(), gen: 10, entries: [recordOf(one, { taskId, epicId })], log: [line] };
    const second = { ...first, gen: 11, entries: [recordOf(one, { state: 'active' })], log: [{ ...line, number: 2 }] };
    await store.recordQueue(first);
    await store.recordQueue(second);
    await store.recordQueue(first);
    expect(await rowsOf('SELECT state, version, task_id FROM queue_entry WHERE id = $1', one.entryId)).toEqual([
      { state: 'active', version: 11, task_id: taskId },
    ]);
    expect(await rowsOf('SELECT title, epic_id FROM decision WHERE task_id = $1', taskId)).toEqual([
      { title: '#1 One: none → queued', epic_id: epicId },
      { title: '#1 One: none → queued', epic_id: epicId },
    ]);
    expect(await rowsOf('SELECT type FROM event WHERE epic_id = $1', epicId)).toHaveLength(2);
  });

  test('an ended entry stays ended, with its evidence and its landing', async () => {
    const one = member();
    const target = { base: 'a', commit: 'b', tree: 'c' };
    const record = { ...at(), key: key(), log: [] };
    await expect(store.recordLandingTarget({ entryId: one.entryId, target })).rejects.toThrow('no row yet');
    await store.recordQueue({ ...record, gen: 1, entries: [recordOf(one)] });
    await store.recordLandingTarget({ entryId: one.entryId, target });
    const ended = recordOf(one, {
      state: 'ejected',
      reason: 'CHECKS_FAILED',
      decidedAt: '2026-11-21T00:00:01.000Z',
      detail: { evidence: ['e'], failedChecks: [{ name: 'test', failedTests: ['adds'] }] },
    });
    await store.recordQueue({ ...record, gen: 2, entries: [ended] });
    await store.recordQueue({ ...record, gen: 3, entries: [recordOf(one)] });
    await store.recordLandingTarget({ entryId: one.entryId, target: { ...target, commit: 'z' } });
    expect(await rowsOf('SELECT state, reason, detail, landing FROM queue_entry WHERE id = $1', one.entryId)).toEqual([
      { state: 'ejected', reason: 'CHECKS_FAILED', detail: ended.detail, landing: target },
    ]);
    expect(await countVerdicts(database.pools.writes, projectId)).toEqual({ landed: 0, failed: 1 });
  });

  test('the lane is one row for each branch', async () => {
    const lane = {
      mode: 'paused',
      pausedBy: ['person'],
      draining: false,
      by: 'ada',
      reason: 'audit',
      since: '2026-11-21T00:00:00.000Z',
      tip: 'a',
    } as const;
    const record = { ...at(), key: key(), entries: [], log: [] };
    await store.recordQueue({ ...record, gen: 5, lane });
    await store.recordQueue({ ...record, gen: 4, lane: { ...lane, mode: 'open', pausedBy: [] } });
    expect(await rowsOf('SELECT mode, paused_by, by, reason FROM queue_lane WHERE project_id = $1', projectId)).toEqual(
      [{ mode: 'paused', paused_by: ['person'], by: 'ada', reason: 'audit' }],
    );
    const tip = () => findLaneTip(database.pools.writes, projectId, record.branch);
    expect(await tip()).toBe('a');
    // Held before its queue has looked at the branch.
    await store.recordQueue({ ...record, gen: 6, lane: { ...lane, tip: '' } });
    expect(await tip()).toBeUndefined();
  });
});

describe('rows of builds', () => {
  const build = (more: Partial<RecordBuildInput>): RecordBuildInput => ({
    ...at(),
    pathId: `p-${projectId}`,
    attempt: 1,
    head: 1,
    on: [],
    members: [],
    workflowId: 'w',
    machineMs: 0,
    status: 'building',
    ...more,
  });
  const result = { cause: 'red', failedTests: ['adds'], failedChecks: [], evidence: [] } as const;
  const candidate = { parent: 'a', commit: 'b', tree: 'c' };

  test('a stored verdict is answered to whoever asks, and no cancellation overwrites it', async () => {
    expect(await store.readBuild({ pathId: `p-${projectId}`, attempt: 1 })).toBeNull();
    await store.recordBuild(build({}));
    await store.recordBuild(build({ status: 'done', result, candidate, machineMs: 9 }));
    await store.recordBuild(build({ status: 'cancelled' }));
    expect(await store.readBuild({ pathId: `p-${projectId}`, attempt: 1 })).toEqual({
      status: 'done',
      result,
      candidate,
    });
    expect(await store.readBuild({ pathId: `p-${projectId}`, attempt: 2 })).toBeNull();
  });
});

describe('evidence', () => {
  const store1 = (record: Omit<EvidenceRecord, 'id'>) => evidence.storeEvidence({ projectId, record });
  const lookUp = () => evidence.lookUpEvidence({ projectId, keys: ['k', 'other'] });

  test('the first stored verdict of a key wins, whoever comes at the same time', async () => {
    const answers = await Promise.all([
      store1(verdict()),
      store1(verdict({ outcome: 'failed', failedTests: ['adds'] })),
      store1(verdict({ buildId: 'c' })),
    ]);
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
    expect(await lookUp()).toEqual([answers[0]]);
  });

  test('a voided or expired verdict no longer counts and makes room; it is kept', async () => {
    const first = await store1(verdict());
    await evidence.voidEvidence({ projectId, keys: ['k'], reason: 'contradicted' });
    expect(await lookUp()).toEqual([]);
    const second = await store1(verdict({ outcome: 'failed' }));
    expect(second.id).not.toBe(first.id);
    await database.pools.writes.query({
      text: `UPDATE evidence SET expires_at = now() WHERE id = $1`,
      values: [second.id],
    });
    expect(await lookUp()).toEqual([]);
    expect((await store1(verdict())).outcome).toBe('passed');
    expect(
      await rowsOf('SELECT void_reason FROM evidence WHERE project_id = $1 ORDER BY created_at', projectId),
    ).toEqual([{ void_reason: 'contradicted' }, { void_reason: 'expired' }, { void_reason: null }]);
  });

  test('of another project says nothing', async () => {
    await store1(verdict());
    const other = await insertProject(database.pools.writes);
    expect(await evidence.lookUpEvidence({ projectId: other, keys: ['k'] })).toEqual([]);
  });

  test('tells how long each check usually takes', async () => {
    for (const [n, ms] of [10, 30, 1_000].entries()) await store1(verdict({ key: `k${n}`, ms }));
    expect(await usualCheckMs(database.pools.writes, projectId)).toEqual({ test: 30 });
  });
});

test('a rebase request is one mail to the task, however often it is sent', async () => {
  const taskId = await insertTask(database.pools.writes, projectId);
  const mail = {
    ...at(),
    requestId: `${taskId}/1`,
    taskId,
    subject: 'Rebase #1',
    body: 'a.txt',
    dueAt: '2026-11-21T00:30:00.000Z',
  };
  await store.sendRebaseMail(mail);
  await store.sendRebaseMail(mail);
  await store.sendRebaseMail({ ...mail, requestId: `${taskId}/2` });
  expect(await rowsOf('SELECT kind, to_kind, to_id, subject FROM mail WHERE task_id = $1', taskId)).toEqual([
    { kind: 'rebase_request', to_kind: 'task', to_id: taskId, subject: 'Rebase #1' },
    { kind: 'rebase_request', to_kind: 'task', to_id: taskId, subject: 'Rebase #1' },
  ]);
});
