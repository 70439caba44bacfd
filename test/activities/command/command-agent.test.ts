import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { insertMail } from '../../../activities/mail/mail.repository.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { makeFence } from '../../../workflows/contract/fence.js';
import { startProgram } from '../../support/agents/program.js';
import { AgentRig, type RunOptions } from '../../support/agents/rig.js';
import { SandboxHome } from '../../support/sandbox/home.js';

let rig: AgentRig;
let home: SandboxHome;
beforeAll(async () => {
  [rig, home] = await Promise.all([AgentRig.create(), SandboxHome.open()]);
});
afterAll(async () => {
  await rig.close();
  await home.remove();
});

const start = (script: string, options: RunOptions = {}) => startProgram({ rig, home }, { script, run: options });

const result = (value: object): string => `echo '${JSON.stringify(value)}' > "$MILLWRIGHT_RESULT"`;

test('a program that ends with 0 is complete, and its output is kept', async () => {
  const { program, run, tree } = await start('cat > prompt.txt; echo said');
  expect(await program()).toEqual({ kind: 'complete', summary: '' });
  expect(await readFile(join(tree.source, 'prompt.txt'), 'utf8')).toBe('Role: worker\n\nDo it.');
  const [event] = await rig.sql<{ data: { logRef: string; outcome: string } }>(
    `SELECT data FROM event WHERE run_id = $1 AND type = 'run.program'`,
    run.runId,
  );
  expect([event?.data.outcome, await rig.blobs.get(event?.data.logRef ?? '')]).toEqual(['complete', 'said\n']);
});

test('the context holds task, mail, failing log and round', async () => {
  const { program, run, tree } = await start('cp "$MILLWRIGHT_CONTEXT" context.json; cat');
  const mailId = uuid();
  await withTransaction(rig.pools.writes, (tx) =>
    insertMail(tx, {
      id: mailId,
      from: { kind: 'human', id: 'ada' },
      to: { kind: 'task', id: run.taskId ?? '' },
      subject: 'Re: Tabs?',
      body: 'Spaces.',
      kind: 'message',
      needsAnswer: false,
      projectId: rig.projectId,
    }),
  );
  const logRef = await rig.blobs.put('1 failed');
  await program({
    context: { failedChecks: [{ name: 'test', failedTests: ['a'], logRef }], previousSummary: 'Tried.' },
    mailIds: [mailId],
  });
  expect(JSON.parse(await readFile(join(tree.source, 'context.json'), 'utf8'))).toMatchObject({
    version: 1,
    run: { id: run.runId, kind: 'execution', attempt: 1, round: 1 },
    project: { name: 'demo' },
    epic: { title: 'Parse things' },
    task: { id: run.taskId, title: 'Add a parser' },
    mail: [{ id: mailId, subject: 'Re: Tabs?', body: 'Spaces.' }],
    failedChecks: [{ name: 'test', failedTests: ['a'], log: '1 failed' }],
    previousSummary: 'Tried.',
  });
});

test('an attempt that finds the end recorded does not run the program again', async () => {
  const { program, tree } = await start(`echo x >> count; ${result({ status: 'complete', summary: 'Once.' })}`);
  const fence = makeFence(2000, 1);
  expect(await program({ fence })).toEqual({ kind: 'complete', summary: 'Once.' });
  expect(await program({ fence })).toEqual({ kind: 'complete', summary: 'Once.' });
  expect(await readFile(join(tree.source, 'count'), 'utf8')).toBe('x\n');
  await program({ fence: makeFence(3000, 1) });
  expect(await readFile(join(tree.source, 'count'), 'utf8')).toBe('x\nx\n');
});

test('a question becomes one mail that the run waits for', async () => {
  const { program, run } = await start(
    result({ status: 'question', summary: '', mail: { subject: 'Tabs?', body: 'Tabs or spaces?' } }),
  );
  const outcome = await program();
  expect(outcome).toEqual({ kind: 'question', mailId: expect.any(String), of: 'supervisor' });
  expect(
    await rig.sql('SELECT to_kind, to_id, kind, subject, waiter_workflow_id FROM mail WHERE run_id = $1', run.runId),
  ).toEqual([
    {
      to_kind: 'epic',
      to_id: rig.epicId,
      kind: 'question',
      subject: 'Tabs?',
      waiter_workflow_id: `task/${run.taskId}`,
    },
  ]);
});

test('blocked, failed and timed out are told apart', async () => {
  expect(await (await start(result({ status: 'blocked', summary: 'No access.' }))).program()).toEqual({
    kind: 'blocked',
    reason: 'No access.',
  });
  expect(await (await start('echo no >&2; exit 7')).program()).toEqual({
    kind: 'failed',
    exitCode: 7,
    reason: 'The program ended with exit code 7. no',
  });
  expect(await (await start('sleep 60')).program({ timeoutMs: 300 })).toEqual({
    kind: 'timeout',
    reason: 'The command ran longer than 0.3 s and was ended.',
  });
});

test('a mail to nobody is the failure of the program', async () => {
  const { program, run } = await start(
    result({ status: 'question', mail: { to: 'agent:nobody', subject: 'x', body: 'y' } }),
  );
  expect(await program()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('nobody') });
  expect(await rig.sql('SELECT 1 FROM mail WHERE run_id = $1', run.runId)).toEqual([]);
});

test('usage that a program reports is booked on its run', async () => {
  const { program, run } = await start(
    result({ status: 'complete', usage: { inputTokens: 10, cachedTokens: 5, outputTokens: 3, costMicroUsd: 700 } }),
  );
  await program();
  expect(await rig.sql('SELECT turns, output_tokens, cost_micro_usd FROM run WHERE id = $1', run.runId)).toEqual([
    { turns: 1, output_tokens: 3, cost_micro_usd: 700 },
  ]);
});

test('a planning program hands in a plan with its result, or fails with what is wrong', async () => {
  const plan = {
    design: 'D',
    tasks: [{ key: 'a', title: 'A', description: 'Do a.', kind: 'code', acceptance: [], dependsOn: [] }],
  };
  const planned = await (
    await start(result({ status: 'complete', summary: 'Planned.', plan }), { kind: 'planning' })
  ).program();
  expect(planned).toMatchObject({ kind: 'complete', summary: 'Planned.', planVersion: expect.any(Number) });
  expect(
    await (await start(result({ status: 'complete', plan: { tasks: [] } }), { kind: 'planning' })).program(),
  ).toMatchObject({ kind: 'failed', reason: expect.stringContaining('not valid') });
  expect(await (await start('true', { kind: 'planning' })).program()).toMatchObject({ kind: 'failed' });
});
