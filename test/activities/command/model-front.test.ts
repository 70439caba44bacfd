import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BookedCall, Books } from '../../../activities/agents/front/books.js';
import { ModelFront } from '../../../activities/agents/front/model-front.js';
import { createBrokerFetch } from '../../../activities/sandbox/broker.js';
import { type ProgramOptions, startProgram } from '../../support/agents/program.js';
import { AgentRig } from '../../support/agents/rig.js';
import type { IncidentKind, Step } from '../../support/model-server/scenario.js';
import { SandboxHome } from '../../support/sandbox/home.js';

const MODEL = 'claude-sonnet-5-5';
const KEY = 'the-key-of-the-vendor';
let rig: AgentRig;
let home: SandboxHome;
beforeAll(async () => {
  [rig, home] = await Promise.all([AgentRig.create(), SandboxHome.open()]);
});
afterAll(async () => {
  await rig.close();
  await home.remove();
});

const broker = () => createBrokerFetch({ apiKey: KEY, baseUrl: rig.server.url });
const start = (script: string, options: Partial<ProgramOptions> = {}) =>
  startProgram({ rig, home }, { script, model: MODEL, ...options, models: { fetch: broker(), ...options.models } });

/** A request to the model in the words of a program; `into` takes status and body. */
const ask = (into: string, more = '{}') => `node -e '
  const { ANTHROPIC_BASE_URL: base, ANTHROPIC_API_KEY: key, ANTHROPIC_MODEL: model } = process.env;
  const body = { model, max_tokens: 50, messages: [{ role: "user", content: "Say hello." }], ...${more} };
  fetch(base + "/v1/messages?beta=true", { method: "POST", body: JSON.stringify(body),
    headers: { "x-api-key": key, "anthropic-version": "2023-06-01", "content-type": "application/json" } })
    .then(async (r) => require("fs").writeFileSync("${into}", r.status + " " + await r.text()));'`;

const ledger = (runId: string) =>
  rig.sql<{ state: string; model: string; output: number; cost: string }>(
    `SELECT state, model, output_tokens AS output, cost_micro_usd AS cost FROM usage_ledger WHERE run_id = $1
     ORDER BY attempt`,
    runId,
  );

const script = (reply: Step): Promise<unknown> => rig.script([{ name: 'any', reply }], { apiKeys: [KEY] });
const billed = (): number => rig.server.record.billed.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
const states = async (runId: string) => (await ledger(runId)).map(({ state }) => state);

test('a program in a sandbox without a network asks the model that its agent names, and the books know', async () => {
  await script({ text: 'Hello.' });
  const { program, run, tree } = await start(`${ask('one.txt')}; ${ask('two.txt', '{ stream: true }')}; env > env.txt`);
  expect(await program()).toMatchObject({ kind: 'complete' });
  const [one, two, env] = await Promise.all(
    ['one.txt', 'two.txt', 'env.txt'].map((name) => readFile(join(tree.source, name), 'utf8')),
  );
  expect(one).toMatch(/^200 \{.*Hello\./);
  expect(two).toMatch(/^200 event: message_start[\s\S]*event: message_stop/);
  expect(env).not.toContain(KEY);
  const rows = await ledger(run.runId);
  expect(rows.map(({ state, model }) => [state, model])).toEqual(Array(2).fill(['settled', MODEL]));
  expect(rows.reduce((sum, { output }) => sum + output, 0)).toBe(billed());
  const [totals] = await rig.sql<{ cost: string }>('SELECT cost_micro_usd AS cost FROM run WHERE id = $1', run.runId);
  expect(Number(totals?.cost)).toBe(rows.reduce((sum, { cost }) => sum + Number(cost), 0));
});

test('its key is worth nothing at the listener of another run, or once its run is over', async () => {
  await script({ text: 'Hello.' });
  const first = await start('printf %s "$ANTHROPIC_API_KEY" > key.txt; printf %s "$ANTHROPIC_API_KEY"');
  await first.program();
  const stolen = await readFile(join(first.tree.source, 'key.txt'), 'utf8');
  expect(stolen).toMatch(/^run-.{43}$/);
  const second = await start(`ANTHROPIC_API_KEY=${stolen}; ${ask('out.txt')}; ANTHROPIC_API_KEY=; ${ask('none.txt')}`);
  await second.program();
  for (const name of ['out.txt', 'none.txt'])
    expect(await readFile(join(second.tree.source, name), 'utf8')).toMatch(/^401 .*authentication_error/);
  expect(rig.server.record.lines).toEqual([]);
  const [event] = await rig.sql<{ data: { logRef: string } }>(
    `SELECT data FROM event WHERE run_id = $1 AND type = 'run.program'`,
    first.run.runId,
  );
  expect(await rig.blobs.get(event?.data.logRef ?? '')).toBe('***');
});

test('another model, another path and a way out through the vendor are refused', async () => {
  await script({ text: 'Hello.' });
  const search = '{ tools: [{ type: "web_search_20250305", name: "web_search" }] }';
  const { program, tree } = await start(
    [
      ask('model.txt', '{ model: "claude-opus-5-5" }'),
      ask('tool.txt', search),
      ask('path.txt').replace('/v1/messages?beta=true', '/v1/files'),
      ask('get.txt').replace('"POST", body: JSON.stringify(body)', '"GET"'),
    ].join(';'),
  );
  await program();
  const said = await Promise.all(
    ['model.txt', 'tool.txt', 'path.txt', 'get.txt'].map(async (name) =>
      (await readFile(join(tree.source, name), 'utf8')).slice(0, 3),
    ),
  );
  expect([said, rig.server.record.lines]).toEqual([['403', '403', '404', '404'], []]);
});

test('a program whose budget is used up is refused, and its failure says so', async () => {
  await script({ text: 'Hello.' });
  const { program, run, tree } = await start(`${ask('one.txt')}; ${ask('two.txt')}; exit 3`, {
    models: { runLimits: { tokens: 1 } },
  });
  expect(await program()).toEqual({
    kind: 'failed',
    exitCode: 3,
    reason: expect.stringMatching(/^The run has used \d+ of 1 tokens\. The program ended with exit code 3\./),
  });
  expect(await readFile(join(tree.source, 'two.txt'), 'utf8')).toMatch(/^403 .*permission_error/);
  expect([await states(run.runId), rig.server.record.billed.length]).toEqual([['settled'], 1]);
});

test.each<[IncidentKind, string, string]>([
  ['overloaded', '^529', ''],
  ['rate_limit', '^429', ''],
  ['reset_mid_stream', 'none', 'lost'],
  ['clean_close', 'none', 'lost'],
])('after %s of the vendor the books hold what may have been billed', async (kind, said, state) => {
  await script({ text: 'Hello.', incidents: [{ kind }] });
  const { program, run, tree } = await start(`echo none > out.txt; ${ask('out.txt', '{ stream: true }')}; true`);
  await program();
  expect(await readFile(join(tree.source, 'out.txt'), 'utf8')).toMatch(new RegExp(said));
  expect(await states(run.runId)).toEqual(state === '' ? [] : [state]);
});

test('a program that ends in the middle of a reply leaves it booked in full', async () => {
  await script({ text: 'Hello.', incidents: [{ kind: 'slow', times: 0 }] });
  const { program, run } = await start(`${ask('out.txt', '{ stream: true }')} & sleep 2; exit 0`);
  await program();
  expect(await states(run.runId)).toEqual(['lost']);
});

test('what a dead attempt had reserved is booked by the next, which is another turn', async () => {
  await script({ text: 'Hello.' });
  const { program, run } = await start('exit 0');
  await rig.sql(
    `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state, input_tokens, cache_write_tokens,
       cached_tokens, output_tokens, cost_micro_usd) VALUES ($1, 0, 1, $2, $3, 'reserved', 0, 10, 0, 20, 300)`,
    run.runId,
    rig.projectId,
    MODEL,
  );
  await program({ turn: 1 });
  expect((await states(run.runId))[0]).toBe('lost');
});

test('a program that shares the host’s network finds the model too', async () => {
  await script({ text: 'Hello.' });
  const { program, run, tree } = await start(ask('out.txt'), { network: 'host' });
  await program();
  expect(await readFile(join(tree.source, 'out.txt'), 'utf8')).toMatch(/^200 /);
  expect(await states(run.runId)).toEqual(['settled']);
});

test('an agent without a model has no listener, and what it says it used is booked', async () => {
  const usage = { inputTokens: 5, outputTokens: 7, costMicroUsd: 11 };
  const { program, run, tree } = await startProgram(
    { rig, home },
    { script: `env > env.txt; echo '${JSON.stringify({ status: 'complete', usage })}' > "$MILLWRIGHT_RESULT"` },
  );
  await program();
  expect(await readFile(join(tree.source, 'env.txt'), 'utf8')).not.toContain('ANTHROPIC');
  expect(await ledger(run.runId)).toMatchObject([{ state: 'settled', output: 7 }]);
});

/** Books in memory, which hold back a call until it may begin. */
const watchedBooks = (): Books & { readonly inFlight: () => number; most: number } => {
  let inFlight = 0;
  const end = async (): Promise<void> => {
    inFlight -= 1;
  };
  const call: BookedCall = { settle: end, release: end, lose: end };
  const books = {
    most: 0,
    inFlight: () => inFlight,
    begin: async () => {
      inFlight += 1;
      books.most = Math.max(books.most, inFlight);
      return call;
    },
  };
  return books;
};

test('calls that a program makes at once are made one after another, so one at most crosses a limit', async () => {
  await script({ text: 'Hello.', delayMs: 30 });
  const books = watchedBooks();
  const front = new ModelFront({ fetch: broker(), books, model: MODEL });
  const client = new Anthropic({ baseURL: `http://127.0.0.1:${await front.listen()}`, apiKey: front.token });
  const messages = [{ role: 'user', content: 'hi' }] as const;
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => client.messages.create({ model: MODEL, max_tokens: 9, messages: [...messages] })),
  );
  await front.close();
  expect([replies.length, books.most, books.inFlight(), front.calls]).toEqual([5, 1, 0, 5]);
  await expect(fetch(client.baseURL)).rejects.toThrow();
});
