// A model server that thinks for no time: it reads the request to its end and answers the same stream each time, piece
// by piece as a model does. Run as a process of its own, so that its work is not the client's.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTick } from 'node:timers/promises';

/** Of an ordinary reply: some 600 tokens. */
const DELTAS = 200;
const usage = { input_tokens: 500, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 40 };
const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'bench', content: [], stop_reason: null };

const delta = {
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'Some words of an answer. ' },
};

const events = [
  { type: 'message_start', message: { ...message, stop_sequence: null, usage } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...Array.from({ length: DELTAS }, () => delta),
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
  { type: 'message_stop' },
];
const pieces = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

const answer = async (response: ServerResponse): Promise<void> => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_bench' });
  for (const piece of pieces) {
    response.write(piece);
    await nextTick();
  }
  response.end();
};

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => void answer(response));
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
// It dies with its parent.
process.on('disconnect', () => process.exit(0));
