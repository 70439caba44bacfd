import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReplyAccumulator } from '../../../activities/agents/anthropic/accumulate.js';
import { createAnthropicModel } from '../../../activities/agents/anthropic/anthropic.js';
import type { ModelReply } from '../../../activities/agents/model-port.js';
import { Failure } from '../../../domain/failures.js';
import { cuts, shuffled, slices, tries } from '../../support/fuzz.js';

type Event = Readonly<Record<string, unknown>> & { readonly type: string };

const USAGE = { input_tokens: 7, output_tokens: 1 };
const START: Event = { type: 'message_start', message: { id: 'msg_1', usage: USAGE } };
const END: readonly Event[] = [
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];

/** The text in pieces, as the vendor streams it. */
const inPieces = (text: string, places: readonly number[]): readonly string[] => {
  const sorted = [...places.map((place) => place % (text.length + 1))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, at) => text.slice(from, sorted[at]));
};

const block = (index: number, start: object, deltas: readonly object[]): readonly Event[] => [
  { type: 'content_block_start', index, content_block: start },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];

const texts = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 30 }), cuts).map(
  ([text, places]) =>
    (index: number) =>
      block(
        index,
        { type: 'text', text: '' },
        inPieces(text, places).map((piece) => ({ type: 'text_delta', text: piece })),
      ),
);
const calls = fc
  .tuple(fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }), cuts)
  .map(
    ([input, places]) =>
      (index: number) =>
        block(
          index,
          { type: 'tool_use', id: `call_${index}`, name: 'search', input: {} },
          inPieces(JSON.stringify(input), places).map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
        ),
  );
const replies = fc
  .array(fc.oneof(texts, calls), { maxLength: 4 })
  .map((blocks): readonly Event[] => [START, ...blocks.flatMap((make, index) => make(index)), ...END]);

const encode = (events: readonly Event[]): Buffer =>
  Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));

type Outcome = { readonly reply: ModelReply } | { readonly failure: Failure };

/** What the port makes of these bytes. @throws anything that is no typed failure */
const outcomeOf = async (chunks: readonly Uint8Array[], status = 200): Promise<Outcome> => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks.filter(({ length }) => length > 0)) controller.enqueue(chunk);
      controller.close();
    },
  });
  const headers = { 'content-type': status === 200 ? 'text/event-stream' : 'application/json' };
  const model = createAnthropicModel({ fetch: async () => new Response(stream, { status, headers }) });
  try {
    return { reply: await model.complete({ body: '{}' }, new AbortController().signal) };
  } catch (failure) {
    if (failure instanceof Failure && failure.type !== 'Internal') return { failure };
    throw failure;
  }
};

test('where the bytes of a reply are cut changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(replies, cuts, async (events, places) => {
      const bytes = encode(events);
      const whole = await outcomeOf([bytes]);
      expect(whole).toHaveProperty('reply');
      expect(await outcomeOf(slices(bytes, places))).toEqual(whole);
    }),
    tries(40),
  );
});

test('a reply that breaks off anywhere is a failure that may be repeated', async () => {
  await fc.assert(
    fc.asyncProperty(replies, fc.nat(), async (events, place) => {
      const bytes = encode(events.slice(0, -1));
      expect(await outcomeOf([bytes.subarray(0, place % bytes.length)])).toMatchObject({
        failure: { type: 'MalformedReply' },
      });
    }),
    tries(40),
  );
});

/** The arguments that the pieces in the stream spell; no piece at all spells none. */
const spelled = (events: readonly Event[], index: number): unknown => {
  const json = events
    .filter((event) => event.type === 'content_block_delta' && event.index === index)
    .map(({ delta }) => (delta as { readonly partial_json?: string }).partial_json ?? '')
    .join('');
  return json === '' ? {} : JSON.parse(json);
};

const expectSound = ({ usage, calls: made, text, blocks }: ModelReply): void => {
  for (const count of Object.values(usage)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
  for (const { callId, name, input } of made)
    expect([typeof callId, typeof name, Object.prototype.toString.call(input)]).toEqual([
      'string',
      'string',
      '[object Object]',
    ]);
  expect(text.isWellFormed()).toBe(true);
  expect(blocks.every(({ type }) => typeof type === 'string')).toBe(true);
};

test('events that are lost, doubled or out of order never become arguments that nobody sent', async () => {
  const orders = fc.array(fc.tuple(fc.constantFrom('drop', 'double', 'swap'), fc.nat()), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(replies, orders, async (events, steps) => {
      const changed = [...events];
      for (const [step, place] of steps) {
        const at = place % changed.length;
        const [taken] = changed.splice(at, 1);
        if (taken && step === 'double') changed.splice(at, 0, taken, taken);
        if (taken && step === 'swap') changed.splice(at + 1, 0, taken);
      }
      const outcome = await outcomeOf([encode(changed)]);
      if (!('reply' in outcome)) return;
      expectSound(outcome.reply);
      for (const { callId, input } of outcome.reply.calls)
        expect(input).toEqual(spelled(changed, Number(callId.slice('call_'.length))));
    }),
    tries(80),
  );
});

test('bytes that are spoilt anywhere are a sound reply or a typed failure', async () => {
  const spoilt = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(replies, spoilt, async (events, flips) => {
      const bytes = encode(events);
      for (const [place, value] of flips) bytes[place % bytes.length] = value;
      const outcome = await outcomeOf([bytes]);
      if ('reply' in outcome) expectSound(outcome.reply);
    }),
    tries(80),
  );
});

test('whatever a gateway answers, with whatever status, is a typed failure', async () => {
  const pieces = [
    '{',
    '}',
    '"error"',
    ':',
    '"type"',
    '"message"',
    'null',
    '[',
    ']',
    '1',
    ',',
    '\n',
    '<html>',
    'data: ',
    'event: ',
  ];
  const bodies = fc.oneof(
    shuffled(pieces),
    fc
      .record({ error: fc.anything({ maxDepth: 1 }), type: fc.anything({ maxDepth: 0 }) })
      .map((body) => stringify(body)),
    fc.record({ error: fc.dictionary(fc.constantFrom('type', 'message', 'details'), fc.jsonValue()) }).map(stringify),
  );
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom(200, 400, 401, 404, 413, 418, 429, 500, 529), async (body, status) => {
      const { failure } = { failure: undefined, ...(await outcomeOf([Buffer.from(body)], status)) };
      expect(failure).toBeInstanceOf(Failure);
      expect(Buffer.byteLength(failure?.message ?? '')).toBeLessThan(2_000);
    }),
    tries(80),
  );
});

const stringify = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)) ?? '';

test('events of any shape make a sound reply or a typed failure', () => {
  const odd = fc.oneof(fc.anything({ maxDepth: 1 }), fc.constantFrom(null, -1, 1.5, 2 ** 53, '', 'tool_use', [], {}));
  const fields = { index: fc.oneof(fc.nat(2), odd), message: odd, content_block: odd, delta: odd, usage: odd };
  const types = fc.constantFrom(
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'ping',
  );
  const strange = fc.oneof(odd, fc.record({ type: fc.oneof(types, odd), ...fields }, { requiredKeys: ['type'] }));
  const inner = fc.record({
    type: fc.constantFrom('content_block_start', 'content_block_delta', 'message_delta'),
    index: fc.nat(2),
    content_block: fc.record({ type: fc.constantFrom('text', 'tool_use', 'x'), id: odd, name: odd, text: odd }),
    delta: fc.record({
      type: fc.constantFrom('text_delta', 'input_json_delta', 'signature_delta', 'x'),
      text: odd,
      partial_json: odd,
      stop_reason: odd,
    }),
    usage: fc.dictionary(fc.constantFrom('input_tokens', 'output_tokens', 'cache_creation_input_tokens'), odd),
  });
  fc.assert(
    fc.property(replies, fc.array(fc.tuple(fc.oneof(strange, inner), fc.nat()), { maxLength: 3 }), (events, added) => {
      const all: unknown[] = [...events];
      for (const [event, place] of added) all.splice(place % all.length, 0, event);
      const reply = new ReplyAccumulator();
      try {
        for (const event of all) reply.take(event);
        expectSound(reply.finish());
      } catch (error) {
        expect(error).toMatchObject({ name: 'Failure', type: 'MalformedReply' });
      }
    }),
    tries(200),
  );
});

test('a line without end is ended', async () => {
  const line = Buffer.alloc(1024 ** 2, 'x');
  expect(await outcomeOf([Buffer.from('data: "'), ...Array.from({ length: 9 }, () => line)])).toMatchObject({
    failure: { type: 'MalformedReply', message: "The model's reply holds a line without end." },
  });
});
