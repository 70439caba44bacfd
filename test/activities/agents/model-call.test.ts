import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ModelPort } from '../../../activities/agents/model-port.js';
import { Failure } from '../../../domain/failures.js';
import { AgentRig } from '../../support/agents/rig.js';
import { boughtTwice } from '../../support/model-server/record.js';
import type { Rule } from '../../support/model-server/scenario.js';
import { until } from '../../support/until.js';

let rig: AgentRig;
beforeAll(async () => {
  rig = await AgentRig.create();
});
afterAll(() => rig.close());

const LOOK: Rule = {
  name: 'look',
  reply: {
    text: 'I look.',
    calls: [
      { tool: 'read_file', input: { path: 'a.ts' } },
      { tool: 'log_decision', input: { title: 't', decision: 'd' } },
    ],
  },
};

interface LedgerLine {
  readonly state: string;
  readonly attempt: number;
  readonly cost: number;
  readonly output: number;
}
const ledgerOf = (runId: string) =>
  rig.sql<LedgerLine>(
    `SELECT state, attempt, cost_micro_usd::int AS cost, output_tokens::int AS output FROM usage_ledger WHERE run_id = $1 ORDER BY attempt`,
    runId,
  );

test('a call answers ids and titles only, and keeps texts, usage and cost in the store', async () => {
  const model = await rig.script([LOOK]);
  const run = await rig.newRun();
  const step = await run.callModel(model, 0);
  expect(step).toEqual({
    kind: 'calls',
    calls: [
      { callId: expect.any(String), name: 'read_file', where: 'host', summary: 'read_file: a.ts', readOnly: true },
      { callId: expect.any(String), name: 'log_decision', where: 'store', summary: 'log_decision: t', readOnly: false },
    ],
  });
  const billed = rig.server.record.billed[0];
  const [row] = await rig.sql(
    `SELECT turns, input_tokens::int, output_tokens::int, cost_micro_usd::int FROM run WHERE id = $1`,
    run.runId,
  );
  const cost = Math.ceil(
    (billed?.inputTokens ?? 0) * 2 + (billed?.write5mTokens ?? 0) * 2.5 + (billed?.outputTokens ?? 0) * 10,
  );
  expect(row).toEqual({
    turns: 1,
    input_tokens: (billed?.inputTokens ?? 0) + (billed?.write5mTokens ?? 0),
    output_tokens: billed?.outputTokens,
    cost_micro_usd: cost,
  });
  expect(await ledgerOf(run.runId)).toEqual([{ state: 'settled', attempt: 1, cost, output: billed?.outputTokens }]);
});

test('a retry returns the reply that the dead attempt already paid for', async () => {
  const model = await rig.script([LOOK]);
  const run = await rig.newRun();
  const first = await run.callModel(model, 0);
  expect(await run.callModel(model, 0, { attempt: 2 })).toEqual(first);
  expect(rig.server.record.billed).toHaveLength(1);
});

test('an attempt that dies between the answer and the keeping of it is booked as lost, and the call is made again', async () => {
  const model = await rig.script([LOOK]);
  let lastBreath = (): void => undefined;
  const dying: ModelPort = {
    complete: async (request, signal) => {
      await model.complete(request, signal);
      await new Promise<void>((resolve) => {
        lastBreath = resolve;
      });
      throw new Error('dead');
    },
  };
  const run = await rig.newRun();
  const dead = run.callModel(dying, 0).catch(() => undefined);
  await until(() => rig.server.record.billed.length === 1);
  await run.callModel(model, 0, { attempt: 2 });
  const [lost, settled] = await ledgerOf(run.runId);
  // What the dead attempt still does changes nothing any more.
  lastBreath();
  await dead;
  expect(await ledgerOf(run.runId)).toEqual([lost, settled]);
  expect([lost?.state, settled?.state]).toEqual(['lost', 'settled']);
  expect(lost?.cost).toBeGreaterThanOrEqual(settled?.cost ?? 0);
  // The request was the same to the byte: a resumed run asks what the dead one asked.
  expect([...boughtTwice(rig.server.record.lines).values()]).toEqual([2]);
  expect(await rig.sql('SELECT turns FROM run WHERE id = $1', run.runId)).toEqual([{ turns: 1 }]);
});

test('an attempt that begins while the reply of another one is being kept takes that reply and buys none', async () => {
  const model = await rig.script([LOOK]);
  let answer = (): void => undefined;
  const slow: ModelPort = {
    complete: async (request, signal) => {
      const reply = await model.complete(request, signal);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return reply;
    },
  };
  const run = await rig.newRun();
  const first = run.callModel(slow, 0);
  await until(() => rig.server.record.billed.length === 1);
  rig.beforeNextRead(() => {
    answer();
    return first;
  });
  expect(await run.callModel(model, 0, { attempt: 2 })).toEqual(await first);
  expect(rig.server.record.billed).toHaveLength(1);
  expect((await ledgerOf(run.runId)).map(({ state }) => state)).toEqual(['settled']);
});

test('a late reply with the very words of the one that is kept is booked, and not as kept', async () => {
  const model = await rig.script([LOOK]);
  const run = await rig.newRun();
  const answers: (() => void)[] = [];
  const slow: ModelPort = {
    complete: async (request, signal) => {
      const reply = await model.complete(request, signal);
      await new Promise<void>((resolve) => answers.push(resolve));
      return reply;
    },
  };
  const first = run.callModel(slow, 0);
  await until(() => answers.length === 1);
  const kept = await run.callModel(model, 0, { attempt: 2 });
  answers[0]?.();
  expect(await first).toEqual(kept);
  expect((await ledgerOf(run.runId)).map(({ state }) => state)).toEqual(['lost', 'settled']);
});

test('a refused call costs nothing, one that broke off is booked in full', async () => {
  const model = await rig.script([
    { ...LOOK, incidents: [{ kind: 'overloaded' }, { kind: 'rate_limit' }, { kind: 'clean_close' }] },
  ]);
  const run = await rig.newRun();
  for (const type of ['Unavailable', 'RateLimited', 'MalformedReply']) {
    await expect(run.callModel(model, 0)).rejects.toMatchObject({ type });
  }
  expect((await ledgerOf(run.runId)).map(({ state }) => state)).toEqual(['lost']);
  await run.callModel(model, 0);
  expect((await ledgerOf(run.runId)).map(({ state }) => state)).toEqual(['lost', 'settled']);
});

test('a reply in hand outlives an outage of the database and is not bought again', async () => {
  const model = await rig.script([LOOK]);
  const during: ModelPort = {
    complete: async (request, signal) => {
      const reply = await model.complete(request, signal);
      // From here on the first writes fail, as between the kill of PostgreSQL and its return.
      rig.failNextWrites(3);
      return reply;
    },
  };
  const run = await rig.newRun();
  expect(await run.callModel(during, 0)).toMatchObject({ kind: 'calls' });
  expect(rig.server.record.billed).toHaveLength(1);
  expect((await ledgerOf(run.runId)).map(({ state }) => state)).toEqual(['settled']);
});

test('a cancelled call is booked, because it may have been paid', async () => {
  const run = await rig.newRun();
  const cancelled: ModelPort = { complete: () => Promise.reject(new Error('cancelled')) };
  await expect(run.callModel(cancelled, 0)).rejects.toThrow('cancelled');
  expect(await ledgerOf(run.runId)).toMatchObject([{ state: 'lost' }]);
});

test('at a limit nothing is bought, until a person grants the allowance again', async () => {
  const model = await rig.script([LOOK]);
  await rig.sql(`UPDATE project SET config = '{"limits": {"run": {"turns": 1}}}' WHERE id = $1`, rig.projectId);
  const run = await rig.newRun();
  await run.turn(model, 0);
  const held = await run.callModel(model, 1);
  expect(held).toEqual({ kind: 'budget', hit: { scope: 'run', what: 'turns', spent: 1, limit: 1 } });
  expect(rig.server.record.billed).toHaveLength(1);
  expect(await run.callModel(model, 1, { budgetGrants: 1 })).toMatchObject({ kind: 'calls' });
  await rig.sql(`UPDATE project SET config = '{}' WHERE id = $1`, rig.projectId);
  // Where the project says nothing, the installation does.
  expect(await run.callModel(model, 2, { runLimits: { turns: 2 } })).toMatchObject({
    hit: { what: 'turns', limit: 2 },
  });
  await rig.sql(`UPDATE epic SET budget_micro_usd = 1 WHERE id = $1`, rig.epicId);
  expect(await run.callModel(model, 2)).toMatchObject({
    kind: 'budget',
    hit: { scope: 'epic', what: 'money', limit: 1 },
  });
  await rig.sql(`UPDATE epic SET budget_micro_usd = 50000000 WHERE id = $1`, rig.epicId);
});

test('an empty reply is a silent turn, and the next note stands where the reply would', async () => {
  const model = await rig.script([{ name: 'empty', reply: { text: '', stopReason: 'end_turn' } }]);
  const run = await rig.newRun();
  expect(await run.callModel(model, 0)).toEqual({ kind: 'silent', text: '' });
  await run.seal(0);
  await run.callModel(model, 1, { notes: ['Go on.'] });
  expect(rig.server.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(['user', 'user']);
});

test('calls beyond the most that a reply may hold are answered, not run', async () => {
  const calls = Array.from({ length: 40 }, () => ({ tool: 'mail_list_inbox', input: {} }));
  const model = await rig.script([{ name: 'many', reply: { calls } }]);
  const run = await rig.newRun();
  const step = await run.callModel(model, 0);
  expect(step.kind === 'calls' && step.calls).toHaveLength(32);
  await run.seal(0);
  await run.callModel(model, 1);
  const results = JSON.stringify(rig.server.requests.at(-1)?.messages[2]?.content);
  expect(results.match(/This call was not run/g)).toHaveLength(8);
  expect(results.match(/The outcome of this call is unknown/g)).toHaveLength(32);
});

test('a refusal ends in words', async () => {
  const model = await rig.script([{ name: 'no', reply: { text: 'I will not.', stopReason: 'refusal' } }]);
  expect(await (await rig.newRun()).callModel(model, 0)).toEqual({ kind: 'refused', reason: 'I will not.' });
});

test('a conversation that grew too long is compacted and goes on, keeping the prompt and every mail', async () => {
  const big = 'x'.repeat(4000);
  const model = await rig.script(
    [
      {
        name: 'grow',
        reply: { text: big, calls: [{ tool: 'log_decision', input: { title: 'step', decision: big } }] },
      },
    ],
    { contextTokens: 14_000 },
  );
  const run = await rig.newRun({ prompt: 'Role: worker\n\nThe goal.' });
  for (let turn = 0; turn < 9; turn++)
    await run.turn(model, turn, turn === 0 ? { notes: ['A person said: keep it small.'] } : {});
  const last = rig.server.requests.at(-1);
  const text = JSON.stringify(last?.messages[0]);
  expect(text).toContain('The goal.');
  expect(text).toContain('A person said: keep it small.');
  expect(text).toContain('turn 0: log_decision: step');
  expect((last?.messages.length ?? 0) < 19).toBe(true);
});

test('a prompt that is too long by itself fails as ContextTooLarge', async () => {
  const model = await rig.script([LOOK], { contextTokens: 100 });
  const failure = await (await rig.newRun({ prompt: 'x'.repeat(5000) }))
    .callModel(model, 0)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Failure);
  expect(failure).toMatchObject({ type: 'ContextTooLarge' });
});

test('a turn that nobody could seal does not break the conversation: what is known of its calls is kept', async () => {
  const model = await rig.script([LOOK]);
  const run = await rig.newRun();
  const step = await run.callModel(model, 0);
  const [look, log] = step.kind === 'calls' ? step.calls : [];
  await run.runStoreTool(0, log?.callId ?? '');
  expect(await run.callModel(model, 1)).toMatchObject({ kind: 'calls' });
  const results = (rig.server.requests.at(-1)?.messages.at(-1)?.content ?? []) as readonly object[]; // blocks, as we send them
  expect(results).toMatchObject([
    { tool_use_id: look?.callId, is_error: true, content: expect.stringContaining('unknown') },
    { tool_use_id: log?.callId },
  ]);
});
