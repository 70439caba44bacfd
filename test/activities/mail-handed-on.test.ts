import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { handOnUnanswered } from '../../activities/mail/hand-on.js';
import { createMailActivities } from '../../activities/mail/mail.activities.js';
import { insertMail, listInbox } from '../../activities/mail/mail.repository.js';
import { answererOf } from '../../activities/mail/who-answers.js';
import { createStoreActivities } from '../../activities/store/store.activities.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { SendMailInput } from '../../workflows/contract/activities/mail.js';
import { MemoryBlobs } from '../support/memory-blobs.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertAgent, insertEpic, insertProject, insertRun, insertTask } from '../support/rows.js';

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

/** A question of a blocked task to another one of its epic. */
async function toTask(state: string, due: string | null): Promise<string> {
  const id = await question();
  const other = await insertTask(db.pools.writes, projectId, { epicId, state });
  await rowsOf(`UPDATE mail SET to_kind = 'task', to_id = $2, due_at = now() + $3::interval WHERE id = $1`, [
    id,
    other,
    due,
  ]);
  return id;
}

test('a question becomes a person’s when its receiver has ended or has let the time pass', async () => {
  const ended = await toTask('CANCELLED', '1 hour');
  const due = await toTask('IN_PROGRESS', '-1 second');
  const answered = await toTask('CANCELLED', '-1 second');
  await rowsOf('UPDATE mail SET answered_at = now() WHERE id = $1', [answered]);
  const fresh = await toTask('IN_PROGRESS', '1 hour');
  const unbounded = await question();
  const handOn = () => withTransaction(db.pools.writes, handOnUnanswered);
  expect(await handOn()).toBe(2);
  expect(await handOn()).toBe(0);
  const rows = (await rowsOf('SELECT id, to_kind FROM mail WHERE epic_id = $1', [epicId])) as readonly {
    readonly id: string;
    readonly to_kind: string;
  }[];
  const kinds = new Map(rows.map(({ id, to_kind }) => [id, to_kind]));
  expect([ended, due, answered, fresh, unbounded].map((id) => kinds.get(id))).toEqual([
    'human',
    'human',
    'task',
    'task',
    'epic',
  ]);
  const inbox = await listInbox(db.pools.writes, { kind: 'human', id: 'ada' }, true, 1000);
  expect(inbox.map(({ id }) => id)).toEqual(expect.arrayContaining([ended, due]));
  const said = `SELECT 1 FROM event WHERE data->>'mailId' = $1 AND data->>'to' = 'human/ada'`;
  expect(await rowsOf(said, [due])).toHaveLength(1);
});

test('a task’s question goes to a person at once when its supervisor is a program, which cannot reply', async () => {
  const { sendMail } = createMailActivities(db);
  const ask = async (): Promise<unknown> => {
    const taskId = await insertTask(db.pools.writes, projectId, { epicId, state: 'BLOCKED' });
    await sendMail({
      mailId: uuidv7(),
      projectId,
      epicId,
      taskId,
      from: { kind: 'task', id: taskId },
      to: { kind: 'epic', id: epicId },
      template: { kind: 'run_blocked', reason: 'no key' },
      waiterWorkflowId: `task/${taskId}`,
    });
    return (await rowsOf('SELECT to_kind, to_id FROM mail WHERE task_id = $1', [taskId]))[0];
  };
  expect(await ask()).toEqual({ to_kind: 'epic', to_id: epicId });
  await insertAgent(db.pools.writes, 'script', 'command');
  await rowsOf(`UPDATE project SET config = '{"agents": {"supervisor": {"use": "script"}}}' WHERE id = $1`, [
    projectId,
  ]);
  expect(await ask()).toEqual({ to_kind: 'human', to_id: 'ada' });
  const signals = await rowsOf(`SELECT 1 FROM outbox WHERE workflow_id = $1`, [`epic/${epicId}`]);
  expect(signals).toHaveLength(1);
});

test('mail about a failed task gives a person the commands that help, and an agent none: it has its tools', async () => {
  const { sendMail } = createMailActivities(db);
  const taskId = await insertTask(db.pools.writes, projectId, { epicId, state: 'FAILED' });
  const template = { kind: 'attempts_exhausted', attempts: 3, reason: 'no colour' } as const;
  const bodyTo = async (to: SendMailInput['to']) => {
    const mailId = uuidv7();
    await sendMail({ mailId, projectId, epicId, taskId, from: { kind: 'task', id: taskId }, to, template });
    return await rowsOf('SELECT body FROM mail WHERE id = $1', [mailId]);
  };
  const commands = `\n\n    millwright task retry ${taskId}\n    millwright task cancel ${taskId}`;
  expect(await bodyTo({ kind: 'human', id: 'ada' })).toEqual([{ body: expect.stringContaining(commands) }]);
  expect(await bodyTo({ kind: 'epic', id: epicId })).toEqual([
    { body: expect.not.stringContaining('millwright task') },
  ]);
});

test('a question to an epic is for its supervisor while the epic goes on, and then for whoever filed the work', async () => {
  const taskId = await insertTask(db.pools.writes, projectId, { epicId });
  const asked = { from: { kind: 'task', id: taskId }, to: { kind: 'epic', id: epicId }, taskId, epicId } as const;
  expect(await answererOf(db.pools.writes, asked)).toEqual({ kind: 'epic', id: epicId });
  for (const state of ['COMPLETED', 'CANCELLED']) {
    await rowsOf('UPDATE epic SET state = $2 WHERE id = $1', [epicId, state]);
    expect(await answererOf(db.pools.writes, asked)).toEqual({ kind: 'human', id: 'ada' });
  }
});
