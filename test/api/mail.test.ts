import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedAgent, seedEpic, seedMail, seedProject, seedRun, seedTask } from '../support/api/seed.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api.stop();
});

const signalsTo = (workflowId: string) =>
  rowsOf<{ name: string; args: unknown }>(api.database, 'SELECT name, args FROM outbox WHERE workflow_id = $1', [
    workflowId,
  ]);

test('an answer is mail in the same thread, and wakes the workflow that waits for it', async () => {
  const question = await seedMail(api.database, projectId, { waiter_workflow_id: 'run/r1' });
  const { status, body } = await api.post(
    `/api/v1/mail/${question}/reply`,
    { body: '8080.' },
    { key: api.keys.member },
  );
  expect(status).toBe(201);
  expect(body).toMatchObject({
    threadId: question,
    inReplyTo: question,
    from: { kind: 'human', id: 'mel' },
    to: { kind: 'agent', id: 'anthropic-worker' },
    subject: 'Re: Which port?',
    body: '8080.',
  });
  expect(await signalsTo('run/r1')).toEqual([{ name: 'mail', args: [{ mailId: body.id, answers: question }] }]);
  const { body: asked } = await api.get(`/api/v1/mail/${question}`);
  expect(asked).toMatchObject({ answeredBy: body.id, answeredAt: expect.any(String), readAt: expect.any(String) });
});

test('of many answers at once one counts, and the others are told', async () => {
  const question = await seedMail(api.database, projectId, { waiter_workflow_id: 'run/r2' });
  const answers = Array.from({ length: 8 }, (_, at) =>
    api.post(`/api/v1/mail/${question}/reply`, { body: `Answer ${at}` }),
  );
  const statuses = (await Promise.all(answers)).map(({ status }) => status).sort();
  expect(statuses).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  expect(await signalsTo('run/r2')).toHaveLength(1);
  const [count] = await rowsOf<{ n: number }>(api.database, 'SELECT count(*) AS n FROM mail WHERE in_reply_to = $1', [
    question,
  ]);
  expect(count?.n).toBe(1);
});

test('an answer sent twice with one key is one answer', async () => {
  const question = await seedMail(api.database, projectId, { waiter_workflow_id: 'run/r3' });
  const reply = () =>
    api.post(`/api/v1/mail/${question}/reply`, { body: 'Yes.' }, { headers: { 'idempotency-key': 'reply-1' } });
  const [first, second] = [await reply(), await reply()];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body).toEqual(first.body);
});

test('a reply to what asked nothing is mail like any other, and may be repeated', async () => {
  const epic = await seedEpic(api.database, projectId);
  const notice = await seedMail(api.database, projectId, {
    needs_answer: false,
    kind: 'notification',
    from_kind: 'epic',
    from_id: epic,
    epic_id: epic,
  });
  for (const body of ['Thanks.', 'One more thing.']) {
    expect((await api.post(`/api/v1/mail/${notice}/reply`, { body })).status).toBe(201);
  }
  const signals = await signalsTo(`epic/${epic}`);
  expect(signals).toHaveLength(2);
  expect(signals[0]?.args).toEqual([{ mailId: expect.any(String) }]);
});

test('a reply to the system goes to what it wrote about', async () => {
  const task = await seedTask(api.database, projectId);
  const mail = await seedMail(api.database, projectId, { from_kind: 'system', from_id: 'millwright', task_id: task });
  const { body } = await api.post(`/api/v1/mail/${mail}/reply`, { body: 'Go on.' });
  expect(body.to).toEqual({ kind: 'task', id: task });
});

test('mail to an epic or a task wakes its workflow, mail to an agent its live runs', async () => {
  const epic = await seedEpic(api.database, projectId);
  const task = await seedTask(api.database, projectId, { epic_id: epic });
  const agentId = await seedAgent(api.database, 'busy-worker');
  const live = await seedRun(api.database, { projectId, agentId, taskId: task });
  const over = await seedRun(api.database, { projectId, agentId, taskId: task }, { state: 'completed' });
  const send = (kind: string, id: string) =>
    api.post('/api/v1/mail', { to: { kind, id }, projectId, subject: 'Hello', body: 'Mind the tests.' });
  const { body: toTask } = await send('task', task);
  expect(toTask).toMatchObject({ taskId: task, epicId: epic, kind: 'message', needsAnswer: false });
  expect((await send('epic', epic)).status).toBe(201);
  expect((await send('agent', 'busy-worker')).status).toBe(201);
  expect((await send('human', 'vera')).status).toBe(201);
  expect(await signalsTo(`task/${task}`)).toHaveLength(1);
  expect(await signalsTo(`epic/${epic}`)).toHaveLength(1);
  expect(await signalsTo(`run/${live}`)).toHaveLength(1);
  expect(await signalsTo(`run/${over}`)).toHaveLength(0);
  expect((await send('agent', 'nobody')).status).toBe(400);
  expect((await send('task', 'not-an-id')).status).toBe(400);
});

test('a question waits as long as somebody stands still for its answer', async () => {
  const id = await seedProject(api.database);
  const agentId = await seedAgent(api.database, 'asker');
  const ask = async (taskState: string, runState?: string): Promise<string> => {
    const taskId = await seedTask(api.database, id, { state: taskState });
    const runId = runState && (await seedRun(api.database, { projectId: id, agentId, taskId }, { state: runState }));
    const from = { from_kind: 'task', from_id: taskId, task_id: taskId };
    return seedMail(api.database, id, { ...from, ...(runId ? { run_id: runId } : {}) });
  };
  const waiting = [await ask('BLOCKED'), await ask('IN_PROGRESS', 'waiting')];
  const over = [await ask('IN_PROGRESS'), await ask('CANCELLED', 'waiting'), await ask('IN_PROGRESS', 'stopped')];
  const { body } = await api.get(`/api/v1/mail?projectId=${id}`);
  const seen = new Map(body.items.map((mail: { id: string; isWaiting: boolean }) => [mail.id, mail.isWaiting]));
  expect(waiting.map((one) => seen.get(one))).toEqual([true, true]);
  expect(over.map((one) => seen.get(one))).toEqual([false, false, false]);
  const { body: filtered } = await api.get(`/api/v1/mail?projectId=${id}&waiting=true`);
  expect(filtered.items.map((mail: { id: string }) => mail.id)).toEqual([...waiting].reverse());
});

test('inboxes are by addressee; questions without an answer can be asked for', async () => {
  const id = await seedProject(api.database);
  const open = await seedMail(api.database, id);
  const answered = await seedMail(api.database, id, { answered_at: new Date().toISOString() });
  const toAgent = await seedMail(api.database, id, { to_kind: 'agent', to_id: 'anthropic-worker' });
  const idsOf = async (query: string): Promise<readonly string[]> =>
    (await api.get(`/api/v1/mail?projectId=${id}&${query}`)).body.items.map((mail: { id: string }) => mail.id);
  expect(await idsOf('toKind=human')).toEqual([answered, open]);
  expect(await idsOf('toKind=agent&toId=anthropic-worker')).toEqual([toAgent]);
  expect(await idsOf('toKind=human&waiting=true')).toEqual([open]);
  expect((await api.post(`/api/v1/mail/${open}/read`)).body.readAt).not.toBeNull();
  expect(await idsOf('toKind=human&unread=true')).toEqual([answered]);
});

test('mail to a person needs the project that it is about', async () => {
  const { status, body } = await api.post('/api/v1/mail', {
    to: { kind: 'human', id: 'vera' },
    subject: 'x',
    body: 'x',
  });
  expect([status, body.detail]).toEqual([400, 'projectId is needed for mail to humans.']);
});

test('a reply to a reply keeps its subject, mail read again keeps its time', async () => {
  const mail = await seedMail(api.database, projectId, { subject: 'RE: Ports', needs_answer: false });
  expect((await api.post(`/api/v1/mail/${mail}/reply`, { body: 'x' })).body.subject).toBe('RE: Ports');
  const read = async () => (await api.post(`/api/v1/mail/${mail}/read`)).body.readAt;
  expect(await read()).toBe(await read());
});

test('mail to an agent is for its runs in that project alone', async () => {
  const agentId = await seedAgent(api.database, 'everywhere');
  const elsewhere = await seedRun(api.database, { projectId: await seedProject(api.database), agentId });
  const to = { kind: 'agent', id: 'everywhere' };
  expect((await api.post('/api/v1/mail', { to, projectId, subject: 'x', body: 'x' })).status).toBe(201);
  expect(await signalsTo(`run/${elsewhere}`)).toEqual([]);
});

test('a notice wakes nobody by its answer, though it names a workflow', async () => {
  const notice = await seedMail(api.database, projectId, { needs_answer: false, waiter_workflow_id: 'run/r9' });
  expect((await api.post(`/api/v1/mail/${notice}/reply`, { body: 'x' })).status).toBe(201);
  expect(await signalsTo('run/r9')).toEqual([]);
});

test('an act that keeps no answer of its own is answered again under its key, not done again', async () => {
  const mail = await seedMail(api.database, projectId);
  const read = () => api.post(`/api/v1/mail/${mail}/read`, {}, { headers: { 'idempotency-key': 'read-once' } });
  const first = await read();
  await rowsOf(api.database, 'UPDATE mail SET read_at = NULL WHERE id = $1', [mail]);
  const again = await read();
  expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
});
