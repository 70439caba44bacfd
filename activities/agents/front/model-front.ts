import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import { BROKER_ORIGIN, type Fetch } from '../../sandbox/broker.js';
import { STREAM_LIMITS, Watchdog, watchBody } from '../anthropic/watchdog.js';
import type { BookedCall, Books } from './books.js';
import { type AskedCall, readAskedCall } from './request-rules.js';
import { usageOf } from './usage-tap.js';

export interface FrontDeps {
  /** The broker's: adds the key, fixes the endpoint. */
  readonly fetch: Fetch;
  readonly books: Books;
  /** The only one it sells. */
  readonly model: string;
}

const MAX_BODY_BYTES = 16 * 1024 ** 2;
/** Each may hold a body while it waits for the call in flight; more are hung up on. */
const MAX_CONNECTIONS = 8;
const PATH = '/v1/messages';
const PASSED_HEADERS = ['content-type', 'request-id', 'retry-after'];

/**
 * The broker as a program in a sandbox sees it: the Messages API of one model, for the holder of this run's token, while
 * the run lives. One call at a time, so that a limit is overrun by one call at most.
 */
export class ModelFront {
  /** Worth nothing at any other listener, and nothing at all once this is closed. */
  readonly token = `run-${randomBytes(32).toString('base64url')}`;
  #calls = 0;
  #why: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #over = new AbortController();
  readonly #servers: Server[] = [];

  constructor(private readonly deps: FrontDeps) {}

  /** How many calls it has let through to the vendor. */
  get calls(): number {
    return this.#calls;
  }

  /** Which limit has refused a call; undefined while none has. */
  get whyRefused(): string | undefined {
    return this.#why;
  }

  /** Stands behind a socket that listens already. */
  serve(listening: NetServer): void {
    this.#newServer().listen(listening);
  }

  /** Listens on a free loopback port of the host, for programs that share its network; answers the port. */
  async listen(): Promise<number> {
    const server = this.#newServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** Ends calls in flight and the listener. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#last;
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  #newServer(): Server {
    const server = createServer((request, response) => void this.#answer(request, response)); // it does not reject
    server.maxConnections = MAX_CONNECTIONS;
    this.#servers.push(server);
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!this.#isOurs(request))
        return refuse(response, 401, 'authentication_error', 'This is not the key of the run.');
      const path = new URL(request.url ?? '/', BROKER_ORIGIN).pathname;
      if (request.method !== 'POST' || path !== PATH)
        return refuse(response, 404, 'not_found_error', `The model broker serves POST ${PATH} only.`);
      const body = await readBody(request);
      if (body === undefined) return refuse(response, 413, 'request_too_large', 'The request is too large.');
      const asked = readAskedCall(body, this.deps.model);
      if ('status' in asked) return refuse(response, asked.status, asked.type, asked.message);
      await this.#inTurn(() => this.#buy(request, response, asked));
    } catch {
      // The program hung up, or the reply broke off: the books know, and it sees a connection that ends.
      response.destroy();
    }
  }

  async #inTurn(buy: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(buy);
    this.#last = turn.catch(() => undefined); // the caller hears of it
    await turn;
  }

  async #buy(request: IncomingMessage, response: ServerResponse, asked: AskedCall): Promise<void> {
    if (this.#over.signal.aborted || response.destroyed) return;
    const booked = await this.deps.books.begin({ requestBytes: asked.body.length, maxTokens: asked.maxTokens });
    if (typeof booked === 'string') {
      this.#why = booked;
      return refuse(response, 403, 'permission_error', `${booked} The budget allows no further call.`);
    }
    this.#calls += 1;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const watchdog = new Watchdog(STREAM_LIMITS);
    const signal = AbortSignal.any([gone.signal, this.#over.signal, watchdog.signal]);
    try {
      const headers = headersOf(request);
      const send = this.deps.fetch(`${BROKER_ORIGIN}${PATH}`, { method: 'POST', headers, body: asked.body, signal });
      const reply = watchBody(await send, () => watchdog.sawByte());
      await passOn(reply, response, booked, () => watchdog.sawContent());
    } catch (error) {
      await booked.lose();
      throw error;
    } finally {
      watchdog.stop();
    }
  }

  /** Programs send a key in either header. */
  #isOurs({ headers }: IncomingMessage): boolean {
    const given = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /i, '') ?? '';
    const [mine, theirs] = [Buffer.from(this.token), Buffer.from(String(given))];
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }
}

/** The books are closed before the last byte is sent: a program that has its reply has paid for it. */
const passOn = async (
  reply: Response,
  response: ServerResponse,
  booked: BookedCall,
  onContent: () => void,
): Promise<void> => {
  const headers = PASSED_HEADERS.flatMap((name) =>
    reply.headers.has(name) ? [name, reply.headers.get(name) ?? ''] : [],
  );
  if (!reply.ok || reply.body === null) {
    const text = await reply.text();
    await booked.release();
    response.writeHead(reply.status, headers).end(text);
    return;
  }
  // A watched body can be iterated over, and nothing else.
  const [forProgram, forBooks] = ReadableStream.from(reply.body).tee();
  const used = usageOf(new Response(forBooks, { headers: reply.headers }), onContent);
  used.catch(() => undefined); // awaited below
  response.writeHead(reply.status, headers);
  await pipeline(Readable.fromWeb(forProgram), response, { end: false });
  await booked.settle(await used);
  response.end();
};

const refuse = (response: ServerResponse, status: number, type: string, message: string): void => {
  const body = JSON.stringify({ type: 'error', error: { type, message } });
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
};

const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** The broker passes on only what it knows, and adds the key. */
const headersOf = ({ headers }: IncomingMessage): Headers =>
  new Headers(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as [string, string]] : [],
    ),
  );
