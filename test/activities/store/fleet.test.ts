import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createMailActivities } from '../../../activities/mail/mail.activities.js';
import { createFleetActivities } from '../../../activities/store/fleet.activities.js';
import { listLiveRuns, orphanRun } from '../../../activities/store/orphan.repository.js';
import { createStoreActivities } from '../../../activities/store/store.activities.js';
import { findRestored } from '../../../workers/duties/restored-factory.js';
import type { StoreActivities } from '../../../workflows/contract/activities/store.js';
import { MemoryBlobs } from '../../support/memory-blobs.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertAgent, insertProject, insertRun, insertTask } from '../../support/rows.js';

let db: TestDatabase;
let store: StoreActivities;
let projectId: string;
let agentId: string;
let agentName: string;

beforeAll(async () => {
  db = await createTestDatabase();
  store = createStoreActivities({
    pools: db.pools,
    blobs: new MemoryBlobs(),
    runDeadlineMs: 60_000,
    modelOf: () => 'claude-test',
    composePrompt: async (input) => `prompt of ${input.runId}`,
  });
  await db.pools.writes.query({
    text: `INSERT INTO api_key (id, name, hash, role) VALUES ($1, 'ada', 'a', 'admin'), ($2, 'max', 'm', 'member')`,
    values: [uuidv7(), uuidv7()],
  });
});
afterAll(() => db.drop());
beforeEach(async () => {
  projectId = await insertProject(db.pools.writes);
  agentName = `agent-${uuidv7()}`;
  agentId = await insertAgent(db.pools.writes, agentName);
});

const rowsOf = async (text: string, values: readonly unknown[] = []): Promise<readonly unknown[]> =>
  (await db.pools.writes.query({ text, values })).rows;
const stateOf = () => rowsOf('SELECT state FROM agent WHERE id = $1', [agentId]);
const mark = (state: 'FAILED' | 'IDLE', by?: string) =>
  createFleetActivities(db).markAgent({ agentId, state, reason: 'a test', ...(by === undefined ? {} : { by }) });

const crash = async (work: { readonly taskId?: string } = {}): Promise<void> => {
  const runId = await insertRun(db.pools.writes, projectId, { agentId, ...work });
  const save = {
    runId,
    key: { workflowId: `run/${runId}`, firstRunId: 'r' },
    patch: { state: 'failed', outcome: 'failed', crashed: true },
    entries: [{ number: 1, at: new Date().toISOString(), type: 'run.state', data: { to: 'failed' } }],
  } as const;
  await store.saveRun(save);
  await store.saveRun(save); // the answer of the first was lost
};
const succeed = async (): Promise<void> => {
  const runId = await insertRun(db.pools.writes, projectId, { agentId });
  const key = { workflowId: `run/${runId}`, firstRunId: 'r' };
  await store.saveRun({ runId, key, patch: { state: 'completed', outcome: 'completed' }, entries: [] });
};
const open = (parentRunId = uuidv7()) =>
  store.openRun({
    runId: uuidv7(),
    parentRunId,
    projectId,
    kind: 'execution',
    agentName,
    attempt: 1,
    round: 1,
    context: {},
  });

test('an agent is marked once, with a decision and an event, and cleared in the name of who did it', async () => {
  await mark('FAILED');
  await mark('FAILED');
  expect(await stateOf()).toEqual([{ state: 'FAILED' }]);
  await mark('IDLE', 'ada');
  await mark('IDLE', 'ada');
  expect(await stateOf()).toEqual([{ state: 'IDLE' }]);
  expect(await rowsOf('SELECT kind, decision, by FROM decision WHERE agent_id = $1 ORDER BY id', [agentId])).toEqual([
    { kind: 'recovery', decision: 'FAILED', by: 'system' },
    { kind: 'transition', decision: 'IDLE', by: 'ada' },
  ]);
  expect(await rowsOf(`SELECT 1 FROM event WHERE data->>'agentId' = $1`, [agentId])).toHaveLength(2);
});

test('an agent is busy while a run of it works, waits while all of them wait, and is idle when they have ended', async () => {
  const states: unknown[] = [];
  const key = (runId: string) => ({ key: { workflowId: `run/${runId}`, firstRunId: 'r' }, entries: [] });
  const [one, two] = [
    await insertRun(db.pools.writes, projectId, { agentId }),
    await insertRun(db.pools.writes, projectId, { agentId }),
  ];
  for (const [runId, state] of [
    [one, 'waiting'],
    [two, 'paused'],
    [one, 'completed'],
    [two, 'cancelled'],
  ] as const) {
    await store.saveRun({ runId, ...key(runId), patch: { state } });
    states.push(...(await stateOf()));
  }
  expect(states).toEqual(['BUSY', 'WAITING', 'WAITING', 'IDLE'].map((state) => ({ state })));
});

test('three crashes within a minute stop an agent before its next run, and the admins hear of it', async () => {
  await crash();
  await crash();
  expect((await open()).kind).toBe('open');
  await crash();
  expect(await stateOf()).toEqual([{ state: 'FAILED' }]);
  await expect(open()).rejects.toMatchObject({
    type: 'PermissionDenied',
    message: expect.stringContaining(`millwright agents clear ${agentName}`),
  });
  expect(await rowsOf('SELECT to_id, kind FROM mail WHERE project_id = $1', [projectId])).toEqual([
    { to_id: 'ada', kind: 'escalation' },
  ]);
  expect(
    await rowsOf(`SELECT name, args FROM outbox WHERE workflow_id = 'factory' AND args->0->>'agentId' = $1`, [agentId]),
  ).toEqual([{ name: 'agentCrashed', args: [{ agentId }] }]);
});

test('one task that cannot be done does not stop an agent, and neither do crashes with successes between', async () => {
  const taskId = await insertTask(db.pools.writes, projectId);
  for (let n = 0; n < 5; n++) await crash({ taskId });
  expect((await open()).kind).toBe('open');
  await crash();
  expect(await stateOf()).toEqual([{ state: 'FAILED' }]);
  await mark('IDLE', 'ada');
  for (let n = 0; n < 4; n++) {
    await crash();
    await succeed();
  }
  expect((await open()).kind).toBe('open');
});

test('a cleared agent starts again after a run that was refused, and its old crashes are forgotten', async () => {
  for (let n = 0; n < 3; n++) await crash();
  await mark('IDLE', 'ada');
  expect((await open()).kind).toBe('open');
  await crash();
  await crash();
  expect((await open()).kind).toBe('open');
});

test('what a person holds, failed agents and projects under way are there for a factory that begins anew', async () => {
  const { saveFactoryHold } = createFleetActivities(db);
  const importing = await insertProject(db.pools.writes, { state: 'importing' });
  await mark('FAILED');
  await saveFactoryHold({ isPaused: true, by: 'ada', reason: 'night' });
  const found = await findRestored(db.pools.writes);
  expect(found).toMatchObject({ isPaused: true, projects: [importing] });
  expect(found.crashLoops).toContain(agentId);
  await saveFactoryHold({ isPaused: false, by: 'ada', reason: '' });
  expect((await findRestored(db.pools.writes)).isPaused).toBe(false);
});

test('a thaw opens the lanes whose queue is not running, and leaves what else holds them', async () => {
  const { saveFactoryHold } = createFleetActivities(db);
  const insert = (branch: string, mode: string, by: string, pausedBy: readonly string[]) =>
    db.pools.writes.query({
      text: `INSERT INTO queue_lane (project_id, branch, mode, paused_by, by, reason, tip_sha, since, version)
             VALUES ($1, $2, $3, $4, $5, 'why', 't', now(), 1)`,
      values: [projectId, branch, mode, pausedBy, by],
    });
  await insert('a', 'paused', 'factory', ['factory']);
  await insert('b', 'paused', 'factory', ['person', 'factory']);
  await insert('c', 'open', 'ada', []);
  await saveFactoryHold({ isPaused: false, by: 'ada', reason: '' });
  const lanes = 'SELECT branch, mode, paused_by, reason FROM queue_lane WHERE project_id = $1 ORDER BY 1';
  expect(await rowsOf(lanes, [projectId])).toEqual([
    { branch: 'a', mode: 'open', paused_by: [], reason: '' },
    { branch: 'b', mode: 'paused', paused_by: ['person'], reason: 'why' },
    { branch: 'c', mode: 'open', paused_by: [], reason: 'why' },
  ]);
});

test('a run that nobody works on is orphaned once, with its claims and reservations settled', async () => {
  const runId = await insertRun(db.pools.writes, projectId, { agentId });
  await db.pools.writes.query({
    text: `INSERT INTO claim (run_id, turn, call_id, tool, fence) VALUES ($1, 0, 'c', 'run_command', 'f')`,
    values: [runId],
  });
  await db.pools.writes.query({
    text: `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state, cost_micro_usd)
           VALUES ($1, 0, 1, $2, 'm', 'reserved', 7)`,
    values: [runId, projectId],
  });
  expect(await listLiveRuns(db.pools.writes)).toContain(runId);
  expect(await orphanRun(db.pools.writes, runId)).toBe(true);
  expect(await orphanRun(db.pools.writes, runId)).toBe(false);
  expect(await listLiveRuns(db.pools.writes)).not.toContain(runId);
  expect(await rowsOf('SELECT state, outcome, ended_at IS NULL AS open FROM run WHERE id = $1', [runId])).toEqual([
    { state: 'orphaned', outcome: 'lost', open: false },
  ]);
  expect(await rowsOf('SELECT state FROM claim WHERE run_id = $1', [runId])).toEqual([{ state: 'unknown' }]);
  // It may have been paid.
  expect(await rowsOf('SELECT state FROM usage_ledger WHERE run_id = $1', [runId])).toEqual([{ state: 'lost' }]);
  expect(await rowsOf('SELECT cost_micro_usd FROM run WHERE id = $1', [runId])).toEqual([{ cost_micro_usd: 7 }]);
  expect(await rowsOf('SELECT decision FROM decision WHERE run_id = $1', [runId])).toEqual([
    { decision: 'running → orphaned' },
  ]);
});

test('each state of a live run ends as the table of states allows', async () => {
  const ends: Record<string, unknown> = {};
  for (const state of ['pending', 'queued', 'waiting', 'paused', 'degraded', 'partially_completed']) {
    const runId = await insertRun(db.pools.writes, projectId, { agentId, state });
    await orphanRun(db.pools.writes, runId);
    [ends[state]] = await rowsOf('SELECT state FROM run WHERE id = $1', [runId]);
  }
  expect(ends).toEqual({
    pending: { state: 'failed' },
    queued: { state: 'failed' },
    waiting: { state: 'cancelled' },
    paused: { state: 'failed' },
    degraded: { state: 'orphaned' },
    partially_completed: { state: 'completed' },
  });
});

test('a mail to the admins reaches each live admin key once', async () => {
  const mail = {
    mailId: uuidv7(),
    projectId,
    from: { kind: 'system', id: 'merge-queue/x/main' },
    to: { kind: 'admins' },
    template: { kind: 'lane_incident', branch: 'main', reason: 'it moved back' },
  } as const;
  // Revoked, expired, of another project, and of no admin.
  await db.pools.writes.query({
    text: `INSERT INTO api_key (id, name, hash, role, revoked_at, expires_at, projects)
           VALUES ($1, 'rev', 'r', 'admin', now(), NULL, NULL), ($2, 'exp', 'e', 'admin', NULL, now(), NULL),
                  ($3, 'oth', 'o', 'admin', NULL, NULL, ARRAY[$4::uuid]), ($5, 'led', 'l', 'lead', NULL, NULL, NULL)`,
    values: [uuidv7(), uuidv7(), uuidv7(), await insertProject(db.pools.writes), uuidv7()],
  });
  const { sendMail } = createMailActivities(db);
  await sendMail(mail);
  await sendMail(mail);
  expect(await rowsOf('SELECT to_kind, to_id FROM mail WHERE project_id = $1', [projectId])).toEqual([
    { to_kind: 'human', to_id: 'ada' },
  ]);
});

test('a run lasts as long as its project says, else as long as the installation does', async () => {
  const deadlineOf = async () => {
    const opened = await open();
    return opened.kind === 'open' ? opened.facts.deadlineMs : opened;
  };
  expect(await deadlineOf()).toBe(60_000);
  const config = (text: string) =>
    db.pools.writes.query({ text: 'UPDATE project SET config = $2 WHERE id = $1', values: [projectId, text] });
  await config('{"limits": {"run": {"seconds": 120}}}');
  expect(await deadlineOf()).toBe(120_000);
  const { rows } = await db.pools.writes.query<{ s: number }>({
    text: `SELECT extract(epoch FROM deadline - created_at)::int AS s FROM run ORDER BY id DESC LIMIT 1`,
  });
  expect(rows).toEqual([{ s: 120 }]);
  await config('{}');
});

test('a run that ends books the calls whose end nobody saw, and goes on counting those still open while it lives', async () => {
  const runId = await insertRun(db.pools.writes, projectId, { agentId });
  const key = { workflowId: `run/${runId}`, firstRunId: 'r' };
  await db.pools.writes.query({
    text: `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state, input_tokens, cache_write_tokens,
             cached_tokens, output_tokens, cost_micro_usd) VALUES ($1, 0, 1, $2, 'm', 'reserved', 0, 10, 0, 20, 300)`,
    values: [runId, projectId],
  });
  const books = () =>
    rowsOf(
      `SELECT l.state, r.cost_micro_usd::int AS shown FROM usage_ledger l JOIN run r ON r.id = l.run_id WHERE r.id = $1`,
      [runId],
    );
  await store.saveRun({ runId, key, patch: { state: 'running' }, entries: [] });
  expect(await books()).toEqual([{ state: 'reserved', shown: 0 }]);
  await store.saveRun({ runId, key, patch: { state: 'cancelled', outcome: 'cancelled' }, entries: [] });
  expect(await books()).toEqual([{ state: 'lost', shown: 300 }]);
});
