import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createLogger } from '../../infra/logging.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { runDuties } from '../../workers/duties/duties.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertEpic, insertProject, insertTask } from '../support/rows.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

let env: TestWorkflowEnvironment;
let db: TestDatabase;
let over: AbortController;
let duties: Promise<void>;

beforeEach(async () => {
  [env, db] = await Promise.all([
    createTestTemporal({ searchAttributes: Object.values(SEARCH_ATTRIBUTE) }),
    createTestDatabase(),
  ]);
  over = new AbortController();
  duties = Promise.resolve();
});
afterEach(async () => {
  over.abort();
  await duties;
  await Promise.all([env.teardown(), db.drop()]);
});

const deps = () => ({
  databaseUrl: db.url,
  writes: db.pools.writes,
  client: env.client,
  factory: { tuning: 'brisk', limits: { maxEpics: 5, maxWorkers: 10 } } as const,
  log: createLogger({ name: 'test', level: 'silent' }),
  restoreLostLandings: async () => 0,
  signal: over.signal,
});
const take = (): void => {
  duties = runDuties(deps());
};

const isOpen = (workflowId: string): Promise<boolean> =>
  env.client.workflow
    .getHandle(workflowId)
    .describe()
    .then(
      ({ status }) => status.name === 'RUNNING',
      () => false,
    );

test('whoever takes the duties starts the factory and whatever open work the engine does not know', async () => {
  const epicId = await insertEpic(db.pools.writes, await insertProject(db.pools.writes));
  take();
  await until(async () => (await isOpen('factory')) && (await isOpen(`epic/${epicId}`)));
});

test('a message whose wake-up was lost is sent all the same', async () => {
  take();
  await until(() => isOpen('factory'));
  const workflowId = `task/${uuidv7()}`;
  await withTransaction(db.pools.writes, async (tx) => {
    // Without its trigger the row wakes nobody, like one whose NOTIFY was lost with the server.
    await tx.query({ text: 'SET LOCAL session_replication_role = replica' });
    await insertOutbox(tx, { kind: 'start', workflowId, name: 'task', input: {}, options: { reuse: 'reject' } });
  });
  await until(() => isOpen(workflowId), { atMostMs: 60_000 });
  // The workflow is seen before the transaction that notes its row as sent commits.
  await until(async () => {
    const unsent = await db.pools.writes.query({ text: 'SELECT 1 FROM outbox WHERE sent_at IS NULL' });
    return unsent.rowCount === 0;
  });
});

test('a question that is due goes to a person', async () => {
  const projectId = await insertProject(db.pools.writes);
  const taskId = await insertTask(db.pools.writes, projectId, { state: 'BLOCKED' });
  const id = uuidv7();
  const inbox = `SELECT 1 FROM mail WHERE id = $1 AND to_kind = 'human' AND to_id = 'ada'`;
  await db.pools.writes.query({
    text: `INSERT INTO mail (id, thread_id, from_kind, from_id, to_kind, to_id, subject, body, kind, needs_answer, due_at, project_id, task_id)
           VALUES ($1, $1, 'task', $3::text, 'agent', 'somebody', 's', 'b', 'question', true, now(), $2, $4)`,
    values: [id, projectId, taskId, taskId],
  });
  take();
  await until(async () => (await db.pools.writes.query({ text: inbox, values: [id] })).rowCount === 1);
});

test('one at a time does the duties, and another takes them over when it is gone', async () => {
  const first = new AbortController();
  const ended = runDuties({ ...deps(), signal: first.signal });
  await until(() => isOpen('factory'));
  const text = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'millwright-duties'`;
  const tried = new Set<number>();
  const look = async (): Promise<number> => {
    for (const { pid } of (await db.pools.writes.query<{ pid: number }>({ text })).rows) tried.add(pid);
    return tried.size;
  };
  await look();
  let acts = 0;
  duties = runDuties({
    ...deps(),
    get client() {
      acts++;
      return env.client;
    },
  });
  // Each try has a connection of its own: at the third one two have been in vain.
  await until(async () => (await look()) > 3 || acts > 0);
  expect(acts).toBe(0);
  first.abort();
  await ended;
  await until(() => acts > 0);
});
