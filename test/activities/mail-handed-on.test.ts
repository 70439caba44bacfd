import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createMailActivities } from '../../activities/mail/mail.activities.js';
import { insertMail, listInbox } from '../../activities/mail/mail.repository.js';
import { createStoreActivities } from '../../activities/store/store.activities.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { MemoryBlobs } from '../support/memory-blobs.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertEpic, insertProject, insertRun, insertTask } from '../support/rows.js';

let db: TestDatabase;
let projectId: string;
let epicId: string;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  projectId = await insertProject(db.pools.writes);
  epicId = await insertEpic(db.pools.writes, projectId);
});

const rowsOf = async (text: string, values: readonly unknown[]): Promise<readonly unknown[]> =>
  (await db.pools.writes.query({ text, values })).rows;

/** Mail of a blocked task to its epic. */
async function question(needsAnswer = true, state = 'BLOCKED'): Promise<string> {
  const taskId = await insertTask(db.pools.writes, projectId, { epicId, state });
  const id = uuidv7();
  await withTransaction(db.pools.writes, (tx) =>
    insertMail(tx, {
      id,
      from: { kind: 'task', id: taskId },
      to: { kind: 'epic', id: epicId },
      subject: 'Which colour?',
      body: 'Red or blue.',
      kind: needsAnswer ? 'question' : 'message',
      needsAnswer,
      projectId,
      epicId,
      taskId,
      waiterWorkflowId: `task/${taskId}`,
    }),
  );
  return id;
}

async function endRun(kind: string, patch: { state: 'running' | 'completed' }): Promise<unknown> {
  const runId = await insertRun(db.pools.writes, projectId, { state: 'running' });
  await rowsOf('UPDATE run SET kind = $2, epic_id = $3 WHERE id = $1', [runId, kind, epicId]);
  const { saveRun } = createStoreActivities({
    pools: db.pools,
    blobs: new MemoryBlobs(),
    runDeadlineMs: 1,
    modelOf: () => 'm',
    composePrompt: async () => '',
  });
  const entries = [{ number: 1, at: new Date().toISOString(), type: 'run.state' }];
  const save = { runId, key: { workflowId: `run/${runId}`, firstRunId: 'r' }, patch, entries };
  const first = await saveRun(save);
  expect(await saveRun(save)).toEqual(first); // the answer of the first was lost
  return first;
}

test('the end of a supervision says which questions to its epic somebody still waits on', async () => {
  const open = await question();
  const answered = await question();
  await rowsOf('UPDATE mail SET answered_at = now() WHERE id = $1', [answered]);
  await question(false);
  await question(true, 'FAILED'); // its asker has ended
  expect(await endRun('supervision', { state: 'running' })).toEqual({ revision: 1 });
  expect(await endRun('supervision', { state: 'completed' })).toEqual({ revision: 1, unanswered: [open] });
  expect(await endRun('planning', { state: 'completed' })).toEqual({ revision: 1 });
});

test('mail that is handed on lies in the inbox of a person, unread, and says so in an event', async () => {
  const open = await question();
  const answered = await question();
  await rowsOf('UPDATE mail SET answered_at = now() WHERE id = $1', [answered]);
  await rowsOf('UPDATE mail SET read_at = now() WHERE epic_id = $1', [epicId]);
  const { handOnMail } = createMailActivities(db);
  const other = await insertEpic(db.pools.writes, projectId);
  await handOnMail({ epicId: other, mailIds: [open], to: 'eve' });
  await handOnMail({ epicId, mailIds: [open, answered], to: 'ada' });
  await handOnMail({ epicId, mailIds: [open, answered], to: 'ada' });
  const inbox = await listInbox(db.pools.writes, { kind: 'human', id: 'ada' }, true, 10);
  expect(inbox).toMatchObject([{ id: open, needsAnswer: true, waiterWorkflowId: expect.stringContaining('task/') }]);
  const events = await rowsOf(`SELECT data->>'to' AS "to" FROM event WHERE epic_id = $1 AND data->>'mailId' = $2`, [
    epicId,
    open,
  ]);
  expect(events).toEqual([{ to: `epic/${epicId}` }, { to: 'human/ada' }]);
});

test('mail of a workflow to an epic wakes it, once, and mail to a person wakes nobody', async () => {
  const { sendMail } = createMailActivities(db);
  const taskId = await insertTask(db.pools.writes, projectId, { epicId });
  const blocked = { kind: 'run_blocked', reason: 'no colour' } as const;
  const mail = { projectId, epicId, taskId, from: { kind: 'task', id: taskId }, template: blocked } as const;
  const mailId = uuidv7();
  for (let times = 0; times < 2; times++) await sendMail({ ...mail, mailId, to: { kind: 'epic', id: epicId } });
  await sendMail({ ...mail, mailId: uuidv7(), to: { kind: 'human', id: 'ada' } });
  expect(
    await rowsOf(
      `SELECT workflow_id AS woken, name, args FROM outbox WHERE args->0->>'mailId' IN
                    (SELECT id::text FROM mail WHERE task_id = $1)`,
      [taskId],
    ),
  ).toEqual([{ woken: `epic/${epicId}`, name: 'mail', args: [{ mailId }] }]);
});
