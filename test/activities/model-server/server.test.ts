import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rolledBackNote } from '../../../domain/run-notes.js';
import { boughtTwice, readRecord } from '../../support/model-server/record.js';
import type { Rule, Scenario } from '../../support/model-server/scenario.js';
import { type ModelServer, startModelServer } from '../../support/model-server/server.js';

const MODEL = 'claude-sonnet-5-5';
const READ: Anthropic.Tool = { name: 'read_file', input_schema: { type: 'object', properties: {} } };
let folder: string;
let server: ModelServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-server-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

const start = async (rules: readonly Rule[], more: Partial<Scenario> = {}, recordFile?: string) => {
  const scenario: Scenario = { version: 1, rules, ...more };
  server = await startModelServer({ scenario, ...(recordFile ? { recordFile } : {}) });
  return new Anthropic({ baseURL: server.url, apiKey: 'test', maxRetries: 0, logLevel: 'off' });
};

const ask = (text: string): Anthropic.MessageCreateParamsNonStreaming => ({
  model: MODEL,
  max_tokens: 100,
  tools: [READ],
  messages: [{ role: 'user', content: text }],
});

const WORKER = 'Role: worker\nKind: execution\nTask: Add a parser\n\nDo it.';
const HELLO: Rule = {
  name: 'hello',
  reply: { text: 'Grüße 👍', calls: [{ tool: 'read_file', input: { path: 'é.js' } }] },
};

test('the SDK gets the same message with and without streaming, and again when it asks again', async () => {
  const client = await start([HELLO]);
  const whole = await client.messages.create(ask(WORKER));
  const streamed = await client.messages.stream(ask(WORKER)).finalMessage();
  const again = await client.messages.stream(ask(WORKER)).finalMessage();
  expect(whole.content).toEqual([
    { type: 'text', text: 'Grüße 👍', citations: null },
    {
      type: 'tool_use',
      id: expect.any(String),
      name: 'read_file',
      input: { path: 'é.js' },
      caller: { type: 'direct' },
    },
  ]);
  expect(whole).toMatchObject({ type: 'message', role: 'assistant', model: MODEL, stop_reason: 'tool_use' });
  expect(streamed.content.map((block) => block.type)).toEqual(['text', 'tool_use']);
  expect(again).toEqual(streamed);
  // The request differs by `stream: true`, so its ids do; everything that the model says is equal.
  const said = (message: Anthropic.Message): unknown =>
    JSON.parse(JSON.stringify(message.content).replace(/toolu_\w+/g, 'id'));
  expect(said(streamed)).toEqual(said(whole));
  expect(streamed.usage).toEqual(whole.usage);
});

test('rules match by the facts of the prompt, and a request that none foresees is refused by name', async () => {
  const client = await start([
    { name: 'debug', when: { kind: 'debug' }, reply: { text: 'debug' } },
    { name: 'parser', when: { role: 'worker', task: '/parser$/', turn: 0 }, reply: { text: 'parser' } },
  ]);
  expect(await client.messages.create(ask(WORKER))).toMatchObject({ content: [{ text: 'parser' }] });
  expect(await client.messages.create(ask('Kind: debug\n\nKind: execution'))).toMatchObject({
    content: [{ text: 'debug' }],
  });
  await expect(client.messages.create(ask('Role: droid\n\nx'))).rejects.toMatchObject({
    status: 400,
    type: 'invalid_request_error',
    message: expect.stringContaining('no rule matches role=droid'),
  });
});

test('a later step sees results, marked data and files of the conversation', async () => {
  const client = await start([
    {
      name: 'conflict',
      when: { data: { origin: 'mail', facts: { kind: 'question' } } },
      steps: [
        { calls: [{ tool: 'read_file', input: { path: 'a.js' } }] },
        {
          text: 'to {{data.mail.id}}: {{data.mail | match "port (\\d+)"}}',
          calls: [
            { tool: 'write_file', input: { path: 'a.js', content: '{{file.a.js | resolve both | append "end\\n"}}' } },
          ],
        },
      ],
    },
  ]);
  const prompt =
    'Role: worker\n\n<untrusted-data origin="mail" author="x" id="m1" kind="question">\nport 80\n</untrusted-data>';
  const first = await client.messages.create(ask(prompt));
  const [call] = first.content;
  if (call?.type !== 'tool_use') throw new Error('no call');
  const second = await client.messages.create({
    ...ask(prompt),
    messages: [
      { role: 'user', content: prompt },
      { role: 'assistant', content: first.content },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: call.id, content: 'a\n<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\nd\n' },
        ],
      },
    ],
  });
  expect(second.content).toMatchObject([
    { type: 'text', text: 'to m1: 80' },
    { type: 'tool_use', input: { path: 'a.js', content: 'a\nb\nc\nd\nend\n' } },
  ]);
});

test('a conversation that the vendor would refuse is refused', async () => {
  const client = await start([HELLO]);
  const use = { type: 'tool_use', id: 'toolu_1', name: 'read_file', input: {} } as const;
  const refused = (messages: Anthropic.MessageParam[]) =>
    expect(client.messages.create({ ...ask(''), messages })).rejects.toMatchObject({ status: 400 });
  await refused([{ role: 'user', content: '' }]);
  await refused([
    { role: 'user', content: 'x' },
    { role: 'assistant', content: [use] },
    { role: 'user', content: 'y' },
  ]);
  await refused([{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'r' }] }]);
  const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } } as const;
  await refused([{ role: 'user', content: [marked, marked, marked, marked, marked] }]);
});

test('an incident strikes as often as scripted, also across a restart of the server', async () => {
  const recordFile = join(folder, 'record.jsonl');
  const rules: Rule[] = [
    {
      ...HELLO,
      incidents: [
        { kind: 'overloaded', times: 2 },
        { kind: 'rate_limit', retryAfterSeconds: 7 },
      ],
    },
  ];
  let client = await start(rules, {}, recordFile);
  await expect(client.messages.create(ask(WORKER))).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
  await server?.close();
  client = await start(rules, {}, recordFile);
  await expect(client.messages.create(ask(WORKER))).rejects.toMatchObject({ status: 529 });
  const limited = await client.messages.create(ask(WORKER)).catch((error: unknown) => error);
  expect(limited).toMatchObject({ status: 429 });
  expect((limited as InstanceType<typeof Anthropic.APIError>).headers?.get('retry-after')).toBe('7');
  await client.messages.create(ask(WORKER));
  expect(readRecord(recordFile).map((line) => line.kind)).toEqual(['incident', 'incident', 'incident', 'billed']);
  expect(boughtTwice(readRecord(recordFile)).size).toBe(0);
});

test('a reply that is bought twice shows in the record', async () => {
  const client = await start([HELLO]);
  await client.messages.create(ask(WORKER));
  await client.messages.create(ask(WORKER));
  expect([...boughtTwice(server?.record.lines ?? []).values()]).toEqual([2]);
});

test('a turn that was rolled back is taken again, not the next one', async () => {
  const step = (path: string) => ({ calls: [{ tool: 'read_file', input: { path } }] });
  const client = await start([{ name: 'steps', steps: [step('first'), step('second')] }]);
  const first = await client.messages.create(ask(WORKER));
  const [call] = first.content;
  if (call?.type !== 'tool_use') throw new Error('expected a call');
  const after = (text: string) =>
    client.messages.create({
      ...ask(WORKER),
      messages: [
        { role: 'user', content: WORKER },
        { role: 'assistant', content: [{ type: 'tool_use', id: call.id, name: call.name, input: call.input }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: call.id, content: 'x' },
            { type: 'text', text },
          ],
        },
      ],
    });
  expect((await after('Go on.')).content).toMatchObject([{ input: { path: 'second' } }]);
  expect((await after(rolledBackNote('it died'))).content).toMatchObject([{ input: { path: 'first' } }]);
});
