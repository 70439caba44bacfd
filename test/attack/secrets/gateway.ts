import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gateway {
  readonly url: string;
  /** How often it repeated the key. */
  readonly repeated: number;
  close(): void;
}

/** What it does with a request before it lets one through. */
type Act = (key: string, response: ServerResponse) => void;

const json = (
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '1', ...headers });
  response.end(JSON.stringify(body));
};

/** Each is what a gateway of a company, or one that debugs, answers: the key it was sent in its words. */
const ACTS: readonly Act[] = [
  (key, response) =>
    json(
      response,
      500,
      { type: 'error', error: { type: 'api_error', message: `upstream refused the key ${key}` } },
      { 'request-id': key },
    ),
  (key, response) =>
    json(response, 529, { type: 'error', error: { type: 'overloaded_error', message: `${key} ${key}` } }),
  (key, response) => {
    response.writeHead(502, { 'content-type': 'text/html', 'x-debug': key });
    response.end(`<html><body>x-api-key: ${key}</body></html>`);
  },
  (key, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const body = JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: `the key was ${key}` } });
    // In two pieces, so that the key is cut by the network.
    response.write(`event: error\ndata: ${body.slice(0, body.indexOf(key) + 9)}`);
    setTimeout(() => response.end(`${body.slice(body.indexOf(key) + 9)}\n\n`), 20);
  },
];

/** A gateway before the model that repeats the key which it was sent, in every way, before it serves. */
export const startGateway = async (modelUrl: string): Promise<Gateway> => {
  let repeated = 0;
  const server: Server = createServer((request, response) => {
    const key = String(request.headers['x-api-key'] ?? '');
    const act = ACTS[repeated];
    if (act === undefined) void passOn(modelUrl, request, response);
    else {
      repeated++;
      request.resume();
      act(key, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get repeated() {
      return repeated;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const passOn = async (modelUrl: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !['host', 'content-length', 'connection'].includes(name)),
  ) as Record<string, string>; // lists occur in no header that a client of ours sends
  const answer = await fetch(`${modelUrl}${request.url}`, {
    method: request.method ?? 'GET',
    headers,
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  });
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  for await (const chunk of answer.body ?? []) response.write(chunk);
  response.end();
};
