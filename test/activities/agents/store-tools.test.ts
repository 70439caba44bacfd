import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { AgentRig, type RunHandle } from '../../support/agents/rig.js';
import type { ScriptedCall } from '../../support/model-server/scenario.js';

let rig: AgentRig;
beforeAll(async () => {
  rig = await AgentRig.create();
});
afterAll(() => rig.close());

/** One turn of a run in which the model makes these calls. */
const turnWith = async (run: RunHandle, calls: readonly ScriptedCall[], turn = 0) =>
  run.turn(await rig.script([{ name: 'r', reply: { calls } }]), turn);

/** What the model reads next: each result with whether it is an error. */
const resultsOf = async (run: RunHandle, turn = 0): Promise<readonly string[]> => {
  const [row] = await rig.sql<{ results_ref: string }>(
    'SELECT results_ref FROM turn WHERE run_id = $1 AND seq = $2',
    run.runId,
    turn,
  );
  const blocks = JSON.parse(await rig.blobs.get(row?.results_ref ?? '')) as { content: string; is_error?: boolean }[];
  return blocks.map(({ content, is_error: isError }) => (isError ? `! ${content}` : content));
};

const ask = {
  tool: 'mail_send',
  input: { to: 'supervisor', subject: 'Tabs?', body: 'Tabs or spaces?', needs_answer: true },
};

test('a question is stored once, wakes the epic and puts the asker to sleep', async () => {
  const run = await rig.newRun();
  const { outcomes, step } = await turnWith(run, [ask]);
  const mailId = outcomes[0]?.effect?.kind === 'asked' ? outcomes[0].effect.mailId : '';
  expect(outcomes).toEqual([
    { callId: expect.any(String), ok: true, effect: { kind: 'asked', mailId, of: 'supervisor' } },
  ]);
  const [call] = step.kind === 'calls' ? step.calls : [];
  // A repeat, as after a lost answer, makes nothing new and says the same.
  expect(await run.runStoreTool(0, call?.callId ?? '', 2)).toEqual(outcomes[0]);
  expect(
    await rig.sql(
      `SELECT from_kind, to_kind, to_id, kind, needs_answer, waiter_workflow_id FROM mail WHERE run_id = $1`,
      run.runId,
    ),
  ).toEqual([
    {
      from_kind: 'task',
      to_kind: 'epic',
      to_id: rig.epicId,
      kind: 'question',
      needs_answer: true,
      waiter_workflow_id: `task/${run.taskId}`,
    },
  ]);
  expect(await rig.sql(`SELECT workflow_id, name, args FROM outbox WHERE id = $1`, mailId)).toEqual([
    { workflow_id: `epic/${rig.epicId}`, name: 'mail', args: [{ mailId }] },
  ]);
});

test('the supervisor reads and answers once, and the answer wakes the task of the asker', async () => {
  const worker = await rig.newRun();
  const { outcomes } = await turnWith(worker, [ask]);
  const question = outcomes[0]?.effect?.kind === 'asked' ? outcomes[0].effect.mailId : '';
  const supervisor = await rig.newRun({ kind: 'supervision' });
  const reply = { tool: 'mail_reply', input: { mail_id: question, body: 'Spaces.' } };
  const turn = await turnWith(supervisor, [
    { tool: 'mail_list_inbox', input: {} },
    { tool: 'mail_read', input: { mail_id: question } },
    reply,
    reply,
  ]);
  expect(turn.outcomes.map(({ ok, errorCode }) => errorCode ?? ok)).toEqual([true, true, true, 'INVALID_STATE']);
  const results = await resultsOf(supervisor);
  expect(results[0]).toContain(`${question} | question | unread, waits for an answer`);
  expect(results[1]).toContain('Tabs or spaces?');
  expect(results[3]).toBe('! INVALID_STATE: This question was answered already.');
  const [answer] = await rig.sql<{ id: string }>(
    `SELECT id, to_kind, to_id, thread_id, body FROM mail WHERE in_reply_to = $1`,
    question,
  );
  expect(answer).toMatchObject({ to_kind: 'task', to_id: worker.taskId, thread_id: question, body: 'Spaces.' });
  expect(await rig.sql(`SELECT workflow_id, args FROM outbox WHERE id = $1`, answer?.id)).toEqual([
    { workflow_id: `task/${worker.taskId}`, args: [{ mailId: answer?.id, answers: question }] },
  ]);
  // The answer reaches the asker's next turn as marked data.
  const model = await rig.script([{ name: 'r', reply: { text: 'Thanks.' } }]);
  await worker.callModel(model, 1, { mailIds: [answer?.id ?? ''] });
  const newest = JSON.stringify(rig.server.requests.at(-1)?.messages.at(-1));
  expect(newest).toContain(`<untrusted-data origin=\\"mail\\" author=\\"epic ${rig.epicId}\\" id=\\"${answer?.id}\\"`);
  expect(newest).toContain('Spaces.');
});

test('a question that nobody at its address can ever answer goes to a person at once, and says so', async () => {
  const run = await rig.newRun();
  await rig.sql(
    `INSERT INTO agent (id, name, role, backend, permission_mode, origin) VALUES ($1, 'script', 'worker', 'command', 'yolo', 'host')`,
    uuid(),
  );
  const [ended, programmed, busy] = [await rig.newTask(), await rig.newTask(), await rig.newTask()];
  await rig.sql(`UPDATE task SET state = 'COMPLETED' WHERE id = $1`, ended);
  await rig.sql(`UPDATE task SET agent_name = 'script' WHERE id = $1`, programmed);
  const dead = [`task:${ended}`, `task:${programmed}`, `task:${run.taskId}`, 'agent:script'];
  const asked = [...dead, `task:${busy}`, 'agent:anthropic-worker'];
  const { outcomes } = await turnWith(
    run,
    asked.map((to) => ({ tool: 'mail_send', input: { ...ask.input, to } })),
  );
  expect(outcomes.map(({ effect }) => effect?.kind === 'asked' && effect.of)).toEqual([
    ...dead.map(() => 'human'),
    ...asked.slice(dead.length),
  ]);
  expect((await resultsOf(run))[3]).toContain('to a person: nobody can answer at agent:script');
  const person = { to: 'human ada', due: false };
  expect(
    await rig.sql(
      `SELECT to_kind || ' ' || to_id AS to, due_at > now() IS TRUE AS due FROM mail WHERE run_id = $1 ORDER BY due_at NULLS FIRST, to_id DESC`,
      run.runId,
    ),
  ).toEqual([
    ...dead.map(() => person),
    { to: `task ${busy}`, due: true },
    { to: 'agent anthropic-worker', due: true },
  ]);
});

test('an agent reads the mail that people wrote to its name', async () => {
  const id = uuid();
  await rig.sql(
    `INSERT INTO mail (id, thread_id, from_kind, from_id, to_kind, to_id, subject, body, kind, project_id)
     VALUES ($1, $1, 'human', 'ada', 'agent', 'anthropic-worker', 'Style', 'Use tabs.', 'message', $2)`,
    id,
    rig.projectId,
  );
  const run = await rig.newRun();
  await turnWith(run, [{ tool: 'mail_read', input: { mail_id: id } }]);
  expect((await resultsOf(run))[0]).toContain('Use tabs.');
});

test('mail of one agent to another by its name wakes each live run of that agent, but not the sender', async () => {
  const [sender, ended, busy] = [await rig.newRun(), await rig.newRun(), await rig.newRun()];
  await rig.sql(`UPDATE run SET state = 'completed' WHERE id = $1`, ended.runId);
  await turnWith(sender, [
    { tool: 'mail_send', input: { to: 'agent:anthropic-worker', subject: 'Style', body: 'Tabs.' } },
  ]);
  const [mail] = await rig.sql<{ id: string }>('SELECT id FROM mail WHERE run_id = $1', sender.runId);
  const woken = await rig.sql<{ workflow_id: string }>(
    `SELECT workflow_id FROM outbox WHERE name = 'mail' AND args -> 0 ->> 'mailId' = $1`,
    mail?.id,
  );
  const ids = woken.map(({ workflow_id }) => workflow_id);
  expect(ids).toContain(`run/${busy.runId}`);
  expect(ids).not.toContain(`run/${ended.runId}`);
  expect(ids).not.toContain(`run/${sender.runId}`);
});

test('a run sees its own mail only', async () => {
  const other = await rig.newRun();
  await turnWith(other, [ask]);
  const [mail] = await rig.sql<{ id: string }>('SELECT id FROM mail WHERE run_id = $1', other.runId);
  const run = await rig.newRun();
  const { outcomes } = await turnWith(run, [
    { tool: 'mail_read', input: { mail_id: mail?.id } },
    { tool: 'mail_read', input: { mail_id: uuid() } },
    { tool: 'mail_reply', input: { mail_id: "' OR 1=1", body: 'x' } },
    { tool: 'mail_send', input: { to: `task:${uuid()}`, subject: 's', body: 'b' } },
    { tool: 'mail_send', input: { to: 'everybody', subject: 's', body: 'b' } },
  ]);
  const missing = 'RESOURCE_NOT_FOUND';
  expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([missing, missing, missing, missing, 'INVALID_INPUT']);
});

test('an unknown tool, a tool of another role and wrong arguments are answered with a typed error', async () => {
  const run = await rig.newRun({ kind: 'supervision' });
  const { outcomes } = await turnWith(run, [
    { tool: 'format_disk', input: {} },
    { tool: 'write_file', input: { path: 'a', content: 'b' } },
    { tool: 'log_decision', input: { title: 7, verdict: 'x' } },
  ]);
  expect(outcomes.map(({ errorCode }) => errorCode)).toEqual(['TOOL_NOT_FOUND', 'PERMISSION_DENIED', 'INVALID_INPUT']);
  expect(await resultsOf(run)).toEqual([
    '! TOOL_NOT_FOUND: There is no tool named format_disk.',
    '! PERMISSION_DENIED: A supervisor may not call write_file.',
    "! INVALID_INPUT: arguments must have required property 'decision'; arguments must NOT have additional properties (verdict); title must be string",
  ]);
  expect(
    await rig.sql(`SELECT state, error_code FROM claim WHERE run_id = $1 AND tool = 'format_disk'`, run.runId),
  ).toEqual([{ state: 'error', error_code: 'TOOL_NOT_FOUND' }]);
});

test('text that the database cannot keep is the model’s mistake, not an outage', async () => {
  const { outcomes } = await turnWith(await rig.newRun(), [
    { tool: 'log_decision', input: { title: 'nul \u0000', decision: 'd' } },
  ]);
  expect(outcomes).toMatchObject([{ ok: false, errorCode: 'INVALID_INPUT' }]);
});

test('a call that was refused stays refused, though it could be granted by the next attempt', async () => {
  const run = await rig.newRun();
  const { outcomes, step } = await turnWith(run, [
    { tool: 'mail_send', input: { to: 'agent:latecomer', subject: 'Hello', body: 'Are you there?' } },
  ]);
  expect(outcomes).toMatchObject([{ ok: false, errorCode: 'RESOURCE_NOT_FOUND' }]);
  await rig.sql(
    `INSERT INTO agent (id, name, role, backend, permission_mode, origin)
     VALUES ($1, 'latecomer', 'worker', 'anthropic', 'strict', 'host')`,
    uuid(),
  );
  expect(await run.runStoreTool(0, step.kind === 'calls' ? (step.calls[0]?.callId ?? '') : '', 2)).toEqual(outcomes[0]);
  expect(await rig.sql('SELECT id FROM mail WHERE run_id = $1', run.runId)).toEqual([]);
});

test('a decision is logged once, with the agent who took it', async () => {
  const run = await rig.newRun();
  const { step } = await turnWith(run, [
    { tool: 'log_decision', input: { title: 'Tabs', decision: 'Spaces', reasoning: 'Asked.' } },
  ]);
  await run.runStoreTool(0, step.kind === 'calls' ? (step.calls[0]?.callId ?? '') : '', 2);
  expect(
    await rig.sql('SELECT kind, title, decision, reasoning, by FROM decision WHERE run_id = $1', run.runId),
  ).toEqual([{ kind: 'decision', title: 'Tabs', decision: 'Spaces', reasoning: 'Asked.', by: 'anthropic-worker' }]);
});

test('a run ends by completing or by blocking', async () => {
  const done = await turnWith(await rig.newRun({ kind: 'supervision' }), [
    { tool: 'task_complete', input: { summary: 'Parsed.' } },
  ]);
  expect(done.outcomes).toMatchObject([{ ok: true, effect: { kind: 'completed', summary: 'Parsed.' } }]);
  const stuck = await turnWith(await rig.newRun(), [{ tool: 'task_block', input: { reason: 'No key.' } }]);
  expect(stuck.outcomes).toMatchObject([{ ok: true, effect: { kind: 'blocked', reason: 'No key.' } }]);
});

const planCall = (tasks: readonly object[]): ScriptedCall => ({
  tool: 'task_complete',
  input: { summary: 'Plan.', plan: { tasks } },
});

test('a valid plan becomes the next version, once', async () => {
  const run = await rig.newRun({ kind: 'planning' });
  const a = { key: 'a', title: 'A', description: 'Do A.' };
  const { outcomes, step } = await turnWith(run, [
    planCall([a, { key: 'b', title: 'B', description: 'Do B.', dependsOn: [{ key: 'a' }] }]),
  ]);
  expect(outcomes).toMatchObject([{ ok: true, effect: { kind: 'completed', summary: 'Plan.', planVersion: 1 } }]);
  expect(await run.runStoreTool(0, step.kind === 'calls' ? (step.calls[0]?.callId ?? '') : '', 2)).toEqual(outcomes[0]);
  expect(await rig.sql('SELECT version, origin, created_by FROM plan WHERE epic_id = $1', rig.epicId)).toEqual([
    { version: 1, origin: 'model', created_by: 'anthropic-supervisor' },
  ]);
  const next = await turnWith(await rig.newRun({ kind: 'planning' }), [planCall([a])]);
  expect(next.outcomes).toMatchObject([{ effect: { planVersion: 2 } }]);
});

test('an invalid plan goes back with its errors three times, then the run blocks', async () => {
  const run = await rig.newRun({ kind: 'planning' });
  const cycle = [
    { key: 'a', title: 'A', description: 'x', dependsOn: [{ key: 'b' }] },
    { key: 'b', title: 'B', description: 'x', dependsOn: [{ key: 'a' }] },
  ];
  const model = await rig.script([{ name: 'r', reply: { calls: [planCall(cycle)] } }]);
  for (const turn of [0, 1, 2]) {
    expect((await run.turn(model, turn)).outcomes).toEqual([
      { callId: expect.any(String), ok: false, errorCode: 'INVALID_INPUT' },
    ]);
  }
  expect((await resultsOf(run))[0]).toContain('dependencies form a cycle: a → b → a');
  expect((await run.turn(model, 3)).outcomes).toMatchObject([{ ok: false, effect: { kind: 'blocked' } }]);
});

test('five equal calls with equal results are stuck, one different call is not', async () => {
  const same = { tool: 'mail_list_inbox', input: {} };
  const run = await rig.newRun();
  const model = await rig.script([
    {
      name: 'r',
      steps: [
        { calls: [same, same] },
        { calls: [same, same] },
        { calls: [{ tool: 'mail_list_inbox', input: { unread_only: true } }] },
        { calls: [same, same, same, same, same] },
      ],
    },
  ]);
  const stuck: boolean[] = [];
  for (const turn of [0, 1, 2, 3]) stuck.push((await run.turn(model, turn)).sealed.stuck);
  expect(stuck).toEqual([false, false, false, true]);
});

test('a seal keeps results and checkpoint once; a repeat answers the first', async () => {
  const run = await rig.newRun();
  const model = await rig.script([
    { name: 'r', reply: { calls: [{ tool: 'write_file', input: { path: 'a', content: 'b' } }] } },
  ]);
  await run.callModel(model, 0);
  expect(await run.seal(0, [], 'sha-1')).toEqual({ checkpointSha: 'sha-1', stuck: false });
  expect(await run.seal(0, [], 'sha-2')).toEqual({ checkpointSha: 'sha-1', stuck: false });
  expect((await resultsOf(run))[0]).toContain('! The outcome of this call is unknown');
  // A turn whose call was stopped before it was bought still keeps its files.
  expect(await run.seal(1, [], 'sha-3')).toEqual({ checkpointSha: 'sha-3', stuck: false });
});
