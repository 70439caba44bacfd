import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createLogger } from '../../infra/logging.js';
import { insertOutbox, type OutboxRow } from '../../infra/pg/outbox.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { reconcile } from '../../workers/duties/reconcile.js';
import { type RelayDeps, relayDue } from '../../workers/duties/relay.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertEpic, insertProject, insertTask } from '../support/rows.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

/** No server of a test gets so low a port. */
const NOBODY_LISTENS = '127.0.0.1:1';

let env: TestWorkflowEnvironment;
let db: TestDatabase;
let deps: RelayDeps;

beforeAll(async () => {
  env = await createTestTemporal({ searchAttributes: Object.values(SEARCH_ATTRIBUTE) });
});
afterAll(() => env.teardown());
beforeEach(async () => {
  db = await createTestDatabase();
  deps = { db: db.pools.writes, client: env.client, log: createLogger({ name: 'test', level: 'silent' }) };
});
afterEach(() => db.drop());

const queue = (row: OutboxRow): Promise<string> => withTransaction(db.pools.writes, (tx) => insertOutbox(tx, row));

const startOf = (workflowId: string): OutboxRow => ({
  kind: 'start',
  workflowId,
  name: 'epic',
  input: { epicId: workflowId },
  options: {
    reuse: 'reject',
    memo: { title: 'one' },
    staticSummary: 'Epic: one',
    searchAttributes: { [SEARCH_ATTRIBUTE.kind.name]: 'epic' },
    priority: { priorityKey: 2, fairnessKey: 'p' },
  },
});

const outcomes = async (): Promise<readonly unknown[]> =>
  (await db.pools.writes.query({ text: 'SELECT outcome FROM outbox ORDER BY created_at, id' })).rows.map(
    (row) => row.outcome,
  );

const isOpen = async (workflowId: string): Promise<boolean> =>
  (await env.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';

test('a row starts its workflow once, however often it is sent', async () => {
  const workflowId = `epic/${uuidv7()}`;
  const id = await queue(startOf(workflowId));
  await relayDue(deps);
  // As if the relay had died between sending and marking.
  await db.pools.writes.query({ text: 'UPDATE outbox SET sent_at = NULL WHERE id = $1', values: [id] });
  await relayDue(deps);
  const described = await env.client.workflow.getHandle(workflowId).describe();
  expect({
    outcomes: await outcomes(),
    kind: described.typedSearchAttributes.get(SEARCH_ATTRIBUTE.kind),
    memo: described.memo,
  }).toEqual({
    outcomes: ['started'],
    kind: 'epic',
    memo: { title: 'one' },
  });
});

test('a row that could not be sent is sent later', async () => {
  const workflowId = `epic/${uuidv7()}`;
  await queue(startOf(workflowId));
  const nobody = new Client({ connection: Connection.lazy({ address: NOBODY_LISTENS }) });
  await relayDue({ ...deps, client: nobody });
  expect(await outcomes()).toEqual([null]);
  await db.pools.writes.query({ text: 'UPDATE outbox SET next_at = now()' });
  await relayDue(deps);
  expect(await outcomes()).toEqual(['started']);
  expect(await isOpen(workflowId)).toBe(true);
});

test('an ended workflow is not started again by a repeated row', async () => {
  const workflowId = `epic/${uuidv7()}`;
  await queue(startOf(workflowId));
  await relayDue(deps);
  await env.client.workflow.getHandle(workflowId).terminate();
  await queue(startOf(workflowId));
  await relayDue(deps);
  expect(await outcomes()).toEqual(['started', 'exists']);
  expect(await isOpen(workflowId)).toBe(false);
});

test('a signal waits behind the start of its own workflow, not behind others', async () => {
  const first = `epic/${uuidv7()}`;
  const other = `epic/${uuidv7()}`;
  const start = await queue(startOf(first));
  await db.pools.writes.query({
    text: `UPDATE outbox SET next_at = now() + interval '1 hour' WHERE id = $1`,
    values: [start],
  });
  await queue({ kind: 'signal', workflowId: first, name: 'mail', input: { mailId: 'm' } });
  await queue(startOf(other));
  await relayDue(deps);
  expect(await outcomes()).toEqual([null, null, 'started']);
  await db.pools.writes.query({ text: 'UPDATE outbox SET next_at = now()' });
  await relayDue(deps);
  expect(await outcomes()).toEqual(['started', 'signalled', 'started']);
});

test('a signal to a workflow that stays absent is given up, one to the factory never', async () => {
  await queue({ kind: 'signal', workflowId: `task/${uuidv7()}`, name: 'mail', input: {} });
  await queue({ kind: 'signal', workflowId: 'factory', name: 'projectChanged', input: {} });
  await relayDue(deps);
  expect(await outcomes()).toEqual([null, null]);
  await db.pools.writes.query({ text: `UPDATE outbox SET next_at = now(), created_at = now() - interval '1 minute'` });
  await relayDue(deps);
  expect(await outcomes()).toEqual(['not_found', null]);
});

test.each<[string, (workflowId: string) => OutboxRow]>([
  ['a payload of 3 MB', (id) => ({ ...startOf(id), input: { text: 'x'.repeat(3 * 1024 * 1024) } })],
  [
    'an attribute that nobody registered',
    (id) => ({ ...startOf(id), options: { reuse: 'reject', searchAttributes: { Nobody: 'x' } } }),
  ],
  ['a workflow id without end', (id) => startOf(`${id}${'x'.repeat(2_000)}`)],
])('%s is refused by the engine, starts nothing, says why, and holds up no other workflow', async (_, oddRow) => {
  const [odd, other] = [`epic/${uuidv7()}`, `epic/${uuidv7()}`];
  await queue(oddRow(odd));
  await queue(startOf(other));
  await relayDue(deps);
  expect(await outcomes()).toEqual([null, 'started']);
  const { rows } = await db.pools.writes.query({ text: 'SELECT last_error FROM outbox WHERE sent_at IS NULL' });
  expect(rows).toEqual([{ last_error: expect.stringMatching(/./) }]);
  await expect(isOpen(odd)).rejects.toThrow();
});

test('a signal that gathers is not sent before those who join it have committed', async () => {
  const workflowId = `epic/${uuidv7()}`;
  await queue(startOf(workflowId));
  await relayDue(deps);
  const id = await queue({ kind: 'signal', workflowId, name: 'mail', input: {} });
  await db.pools.writes.query({ text: `UPDATE outbox SET options = '{"gathers": true}' WHERE id = $1`, values: [id] });
  const wasSent = async (): Promise<boolean> => {
    const { events } = await env.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).some((event) => event.workflowExecutionSignaledEventAttributes != null);
  };
  const { relaying } = await withTransaction(db.pools.writes, async (tx) => {
    await tx.query({ text: 'SELECT 1 FROM outbox WHERE id = $1 FOR SHARE', values: [id] });
    const relaying = relayDue(deps);
    const blocked = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until(async () => (await db.pools.writes.query({ text: blocked })).rowCount === 1);
    expect(await wasSent()).toBe(false);
    return { relaying };
  });
  await relaying;
  expect(await wasSent()).toBe(true);
});

test('a retry of a lone task is sent only while its row still asks for that attempt', async () => {
  const projectId = await insertProject(db.pools.writes);
  const taskId = await insertTask(db.pools.writes, projectId);
  const retry = (attempts: number): OutboxRow => ({
    kind: 'start',
    workflowId: `task/${taskId}`,
    name: 'task',
    input: { taskId, attempt: attempts },
    options: { reuse: 'allow_duplicate', attempts },
  });
  await queue(retry(2));
  await queue(retry(1));
  await relayDue(deps);
  expect(await outcomes()).toEqual(['superseded', 'started']);
  // Cancelled before the row was sent.
  await db.pools.writes.query({ text: `UPDATE task SET state = 'CANCELLED' WHERE id = $1`, values: [taskId] });
  await queue(retry(1));
  await relayDue(deps);
  expect(await outcomes()).toEqual(['superseded', 'started', 'superseded']);
});

test('open work that the engine does not know is started again, once', async () => {
  const projectId = await insertProject(db.pools.writes);
  const epicId = await insertEpic(db.pools.writes, projectId);
  let asked = 0;
  const beforeRestart = async (): Promise<void> => void asked++;
  const reconciling = {
    writes: db.pools.writes,
    client: env.client,
    tuning: 'brisk' as const,
    log: deps.log,
    beforeRestart,
  };
  expect(await reconcile(reconciling)).toBe(1);
  expect(asked).toBe(1);
  // Its start waits in the outbox: it is not lost a second time.
  expect(await reconcile(reconciling)).toBe(0);
  await relayDue(deps);
  await until(() => isOpen(`epic/${epicId}`));
  expect(await reconcile(reconciling)).toBe(0);
});

test('open work whose workflow is closed is started again; what has ended stays ended', async () => {
  const projectId = await insertProject(db.pools.writes);
  const epicId = await insertEpic(db.pools.writes, projectId);
  const taskId = await insertTask(db.pools.writes, projectId);
  const workflowIds = [`epic/${epicId}`, `task/${taskId}`];
  const reconciling = {
    writes: db.pools.writes,
    client: env.client,
    tuning: 'brisk' as const,
    log: deps.log,
    beforeRestart: async () => undefined,
  };
  const bringBack = async (): Promise<number> => {
    const restored = await reconcile(reconciling);
    await relayDue(deps);
    return restored;
  };
  expect(await bringBack()).toBe(2);
  // As with rows of an earlier time, which do not know how it ended, or after a person has terminated it.
  for (const workflowId of workflowIds) await env.client.workflow.getHandle(workflowId).terminate();
  expect(await bringBack()).toBe(2);
  for (const workflowId of workflowIds) expect(await isOpen(workflowId)).toBe(true);
  for (const workflowId of workflowIds) await env.client.workflow.getHandle(workflowId).terminate();
  await db.pools.writes.query({ text: `UPDATE epic SET state = 'CANCELLED' WHERE id = $1`, values: [epicId] });
  await db.pools.writes.query({ text: `UPDATE task SET state = 'FAILED' WHERE id = $1`, values: [taskId] });
  expect(await bringBack()).toBe(0);
});
