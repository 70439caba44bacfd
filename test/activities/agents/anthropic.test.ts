import { afterEach, expect, test } from '@jest/globals';
import { createAnthropicModel } from '../../../activities/agents/anthropic/anthropic.js';
import { STREAM_LIMITS } from '../../../activities/agents/anthropic/watchdog.js';
import { createBrokerFetch, type Fetch } from '../../../activities/sandbox/broker.js';
import { FAILURES, Failure, type FailureType } from '../../../domain/failures.js';
import type { Incident, IncidentKind, Step } from '../../support/model-server/scenario.js';
import { type ModelServer, startModelServer } from '../../support/model-server/server.js';
import { until } from '../../support/until.js';

/** For streams that never end by themselves; a busy machine must not make any other test wait in vain. */
const SHORT = { silenceMs: 400, contentMs: 500, totalMs: 1200 };
const ENDLESS: ReadonlySet<IncidentKind> = new Set([
  'silence_before_headers',
  'silence',
  'comments_only',
  'pings_only',
  'slow',
]);
const servers: ModelServer[] = [];
let server: ModelServer | undefined;

afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.close()));
});

const CALLS: Step = {
  text: 'I look. '.repeat(40),
  calls: [{ tool: 'read_file', input: { path: 'src/main.ts', note: 'ü'.repeat(200) } }],
};

const serve = async (step: Step, incident?: Incident) => {
  const reply = incident ? { ...step, incidents: [incident] } : step;
  server = await startModelServer({ scenario: { version: 1, apiKeys: ['key-1'], rules: [{ name: 'r', reply }] } });
  servers.push(server);
  const fetch = createBrokerFetch({ apiKey: 'key-1', baseUrl: server.url });
  return createAnthropicModel({ fetch, limits: incident && ENDLESS.has(incident.kind) ? SHORT : STREAM_LIMITS });
};

const BODY = JSON.stringify({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  stream: true,
  messages: [{ role: 'user', content: 'Role: worker\n\nGo.' }],
});
const never = new AbortController().signal;

const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error(`expected a Failure, got ${String(error)}`);
};

test('a whole reply arrives with its text, calls, stop reason and usage', async () => {
  const model = await serve(CALLS);
  const reply = await model.complete({ body: BODY }, never);
  expect(reply).toMatchObject({ text: 'I look. '.repeat(40), stopReason: 'tool_use' });
  expect(reply.calls).toEqual([
    { callId: expect.any(String), name: 'read_file', input: { path: 'src/main.ts', note: 'ü'.repeat(200) } },
  ]);
  expect(reply.blocks.map((block) => block.type)).toEqual(['text', 'tool_use']);
  const billed = server?.record.billed[0];
  expect(reply.usage).toMatchObject({ inputTokens: billed?.inputTokens, outputTokens: billed?.outputTokens });
});

const FAILING: readonly (readonly [IncidentKind, FailureType])[] = [
  ['rate_limit', 'RateLimited'],
  ['spend_limit', 'QuotaExhausted'],
  ['billing', 'QuotaExhausted'],
  ['overloaded', 'Unavailable'],
  ['server_error', 'Unavailable'],
  ['bad_gateway_html', 'Unavailable'],
  ['bad_request', 'InvalidInput'],
  ['unauthorized', 'PermissionDenied'],
  ['forbidden', 'PermissionDenied'],
  ['not_found', 'InvalidInput'],
  ['too_large', 'ContextTooLarge'],
  ['context_too_large', 'ContextTooLarge'],
  ['redirect', 'Unavailable'],
  ['reset', 'Unavailable'],
  ['html', 'MalformedReply'],
  ['empty', 'MalformedReply'],
  ['error_event', 'Unavailable'],
  ['reset_mid_stream', 'Unavailable'],
  ['clean_close', 'MalformedReply'],
  ['mid_line_close', 'MalformedReply'],
  ['malformed_line', 'MalformedReply'],
  ['truncated_tool_json', 'MalformedReply'],
  ['no_stop_reason', 'MalformedReply'],
  ['silence_before_headers', 'Unavailable'],
  ['silence', 'Unavailable'],
  ['comments_only', 'Unavailable'],
  ['pings_only', 'Unavailable'],
  ['slow', 'Unavailable'],
];

test.each(FAILING)('%s is %s, and is asked once', async (kind, type) => {
  const model = await serve(CALLS, { kind, times: 0, retryAfterSeconds: 3, bytesPerSecond: 20 });
  const failure = await failureOf(model.complete({ body: BODY }, never));
  expect(failure.type).toBe(type);
  expect(server?.requests).toHaveLength(1);
  expect(JSON.stringify({ ...failure, message: failure.message })).not.toContain('key-1');
});

test('the wait that the provider asks for travels with the failure', async () => {
  const model = await serve(CALLS, { kind: 'rate_limit', retryAfterSeconds: 7 });
  expect((await failureOf(model.complete({ body: BODY }, never))).retryAfterMs).toBe(7000);
  const quota = await serve(CALLS, { kind: 'spend_limit', retryAfterSeconds: 60 });
  const failure = await failureOf(quota.complete({ body: BODY }, never));
  expect(FAILURES[failure.type].retryable).toBe(false);
  expect(failure.details.resetAt).toEqual(expect.any(String));
});

test.each(['unknown_event', 'double_stop'] as const)('%s does no harm', async (kind) => {
  const model = await serve(CALLS, { kind });
  expect((await model.complete({ body: BODY }, never)).calls).toHaveLength(1);
});

test('a reply cut at its token limit keeps the calls that were whole and drops the one that was not', async () => {
  const model = await serve({
    text: 'long',
    stopReason: 'max_tokens',
    calls: [
      { tool: 'search', input: { pattern: 'x' } },
      { tool: 'write_file', rawInput: '{"path":"a","content":"ab' },
    ],
  });
  const reply = await model.complete({ body: BODY }, never);
  expect(reply).toMatchObject({ stopReason: 'max_tokens', calls: [{ name: 'search' }] });
  expect(reply.blocks).toHaveLength(2);
});

test.each(['[]', '"text"', 'null', '{"a":'])('arguments that are no object (%s) never become {}', async (rawInput) => {
  const model = await serve({ calls: [{ tool: 'read_file', rawInput }] });
  expect((await failureOf(model.complete({ body: BODY }, never))).type).toBe('MalformedReply');
});

test('a reply of five megabytes is cut off, one with broken characters is read', async () => {
  const huge = await serve({ text: 'x'.repeat(5_000_000) });
  expect((await failureOf(huge.complete({ body: BODY }, never))).type).toBe('MalformedReply');
  const odd = await serve({ text: 'half \ud83d pair', calls: [{ tool: 'search', rawInput: '{"pattern":"\\ud83d"}' }] });
  const reply = await odd.complete({ body: BODY }, never);
  expect(reply.text.isWellFormed()).toBe(true);
  expect(reply.calls[0]?.input).toEqual({ pattern: '\ufffd' });
});

test('a tool without arguments may send none', async () => {
  const model = await serve({ calls: [{ tool: 'mail_list_inbox', rawInput: '' }] });
  expect((await model.complete({ body: BODY }, never)).calls).toMatchObject([{ input: {} }]);
});

test('a caller who stops waiting gets his own reason and the connection is closed', async () => {
  const model = await serve(CALLS, { kind: 'silence' });
  const caller = new AbortController();
  const reason = new Error('the run was stopped');
  const answer = model.complete({ body: BODY }, caller.signal).catch((error: unknown) => error);
  await until(() => server?.requests.length === 1);
  caller.abort(reason);
  expect(await answer).toBe(reason);
});

test('without a key the vendor is not asked at all, and the refusal says what to set', async () => {
  const fetch = createBrokerFetch(
    { apiKey: undefined, baseUrl: 'https://api.anthropic.com' },
    async () => new Response('{}'),
  );
  await expect(fetch('https://model.broker.invalid/v1/messages', { method: 'POST' })).rejects.toMatchObject({
    type: 'PermissionDenied',
    message: expect.stringContaining('ANTHROPIC_API_KEY'),
  });
});

test('the broker adds the key, drops what the caller sets and serves one address only', async () => {
  const sent: { url: string; headers: Headers }[] = [];
  const send: Fetch = async (url, init) => {
    sent.push({ url: String(url), headers: new Headers(init?.headers) });
    return new Response('{}');
  };
  const fetch = createBrokerFetch({ apiKey: 'secret', baseUrl: 'http://vendor.test/base/' }, send);
  const headers = { authorization: 'Bearer mine', 'x-api-key': 'mine', cookie: 'a=b', 'anthropic-version': 'v' };
  await fetch('https://model.broker.invalid/v1/messages', { method: 'POST', headers });
  expect(sent[0]?.url).toBe('http://vendor.test/base/v1/messages');
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
    'x-api-key': 'secret',
    'anthropic-version': 'v',
  });
  for (const url of [
    'https://elsewhere.test/v1/messages',
    'https://model.broker.invalid/v1/files',
    'https://model.broker.invalid/v1/messages/../files',
    'https://model.broker.invalid:8443/v1/messages',
  ]) {
    await expect(fetch(url, { method: 'POST' })).rejects.toMatchObject({ type: 'PermissionDenied' });
  }
  await expect(fetch('https://model.broker.invalid/v1/messages')).rejects.toMatchObject({ type: 'PermissionDenied' });
  expect(sent).toHaveLength(1);
});
