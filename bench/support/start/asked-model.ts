import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A title or text with this and a name in it is what a request is known by. */
export const NAMED = 'start-';
const NAME = new RegExp(`${NAMED}[0-9a-z-]+`);

const usage = { input_tokens: 500, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 20 };
const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'bench', content: [], stop_reason: null };
/** The agent gives up at once: what is measured is over. */
const GIVE_UP = [
  { type: 'message_start', message: { ...message, stop_sequence: null, usage } },
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_bench', name: 'task_block', input: {} },
  },
  {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'input_json_delta', partial_json: '{"reason":"it was only to begin"}' },
  },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage },
  { type: 'message_stop' },
]
  .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');

/** A Messages API that notes when a request has arrived, and lets its agent give up. */
export class AskedModel {
  private readonly waiting = new Map<string, (atMs: number) => void>();

  private constructor(
    readonly url: string,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(): Promise<AskedModel> {
    let model: AskedModel | undefined;
    const server = createServer((request, response) => {
      const atMs = performance.now();
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        model?.arrived(NAME.exec(Buffer.concat(chunks).toString('utf8'))?.[0] ?? '', atMs);
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(GIVE_UP);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const end = (): Promise<void> => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    };
    model = new AskedModel(`http://127.0.0.1:${port}`, end);
    return model;
  }

  /** Answers when the first request of this name has arrived, by `performance.now()`. */
  asked(name: string): Promise<number> {
    return new Promise((resolve) => this.waiting.set(name, resolve));
  }

  close(): Promise<void> {
    return this.end();
  }

  private arrived(name: string, atMs: number): void {
    this.waiting.get(name)?.(atMs);
    this.waiting.delete(name);
  }
}
