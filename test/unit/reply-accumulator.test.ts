import { expect, test } from '@jest/globals';
import { ReplyAccumulator } from '../../activities/agents/anthropic/accumulate.js';

type Event = Readonly<Record<string, unknown>>;

const BEGIN: Event = { type: 'message_start', message: { id: 'm', usage: { input_tokens: 1, output_tokens: 0 } } };
const END: Event = { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } };
const STOP: Event = { type: 'message_stop' };
const open = (index: number, id = `call_${index}`): Event => ({
  type: 'content_block_start',
  index,
  content_block: { type: 'tool_use', id, name: 'read_file', input: {} },
});
const piece = (index: number, text: string): Event => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'input_json_delta', partial_json: text },
});
const close = (index: number): Event => ({ type: 'content_block_stop', index });
const call = (index: number, id?: string): readonly Event[] => [open(index, id), piece(index, '{}'), close(index)];

const replyOf = (...events: readonly Event[]) => {
  const reply = new ReplyAccumulator();
  for (const event of events) reply.take(event);
  return reply.finish();
};

test('what comes after the end of a reply is no part of it', () => {
  const whole = [BEGIN, ...call(0), END, STOP];
  const late = [...call(1), { type: 'message_delta', delta: { stop_reason: 'refusal' } }, BEGIN];
  expect(replyOf(...whole, ...late)).toEqual(replyOf(...whole));
});

test.each<[string, readonly Event[]]>([
  ['has no event', []],
  ['never began', [END, STOP]],
  ['has no end', [BEGIN, ...call(0), END]],
  ['ends without a stop reason', [BEGIN, ...call(0), STOP]],
  ['begins twice', [BEGIN, BEGIN, END, STOP]],
  ['has a block before it begins', [...call(0), BEGIN, END, STOP]],
  ['begins a block twice', [BEGIN, open(0), open(0, 'other'), piece(0, '{}'), close(0), END, STOP]],
  ['ends inside a block', [BEGIN, open(0), piece(0, '{}'), END, STOP]],
  ['gives two calls one id', [BEGIN, ...call(0, 'same'), ...call(1, 'same'), END, STOP]],
  ['goes on with a block that it never began', [BEGIN, piece(0, '{}'), END, STOP]],
  [
    'puts text into a call',
    [
      BEGIN,
      open(0),
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } },
      close(0),
      END,
      STOP,
    ],
  ],
  ['gives a number as its stop reason', [BEGIN, { type: 'message_delta', delta: { stop_reason: 7 } }, END, STOP]],
])('a reply that %s is malformed', (_, events) => {
  expect(() => replyOf(...events)).toThrow(expect.objectContaining({ type: 'MalformedReply' }));
});
