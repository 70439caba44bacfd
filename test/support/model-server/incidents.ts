import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { framesOf, type Reply } from './reply.js';
import type { Incident, IncidentKind } from './scenario.js';
import { WireError } from './wire.js';

const SSE = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
const HTML = { 'content-type': 'text/html' };

/** Incidents that answer with an error document instead of a reply. */
export function errorOf({ kind, retryAfterSeconds }: Incident): WireError | undefined {
  const retry: Readonly<Record<string, string>> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  switch (kind) {
    case 'rate_limit':
      return new WireError(429, 'rate_limit_error', 'Number of requests has exceeded your rate limit', retry);
    case 'spend_limit':
      return new WireError(429, 'rate_limit_error', 'You have reached your spend limit', retry, {
        error_code: 'enforced_spend_limit_reached',
      });
    case 'billing':
      return new WireError(402, 'billing_error', 'Your credit balance is too low');
    case 'overloaded':
      return new WireError(529, 'overloaded_error', 'Overloaded', retry);
    case 'server_error':
      return new WireError(500, 'api_error', 'Internal server error', retry);
    case 'bad_request':
      return new WireError(400, 'invalid_request_error', 'messages: invalid');
    case 'unauthorized':
      return new WireError(401, 'authentication_error', 'invalid x-api-key');
    case 'forbidden':
      return new WireError(403, 'permission_error', 'Your API key does not have permission to use this model');
    case 'not_found':
      return new WireError(404, 'not_found_error', 'model: unknown');
    case 'too_large':
      return new WireError(413, 'request_too_large', 'Request exceeds the maximum size');
    case 'context_too_large':
      return new WireError(400, 'invalid_request_error', 'prompt is too long: 1000001 tokens > 1000000 maximum');
    default:
      return undefined;
  }
}

/** Incidents that answer nothing the vendor would bill. */
const UNBILLED: ReadonlySet<IncidentKind> = new Set([
  'bad_gateway_html',
  'redirect',
  'html',
  'empty',
  'reset',
  'silence_before_headers',
]);

export const isBilled = (kind: IncidentKind): boolean => !UNBILLED.has(kind);

/** After these the client holds a whole reply all the same. */
const COMPLETE: ReadonlySet<IncidentKind> = new Set(['slow', 'unknown_event', 'double_stop']);

export const isComplete = (kind: IncidentKind): boolean => COMPLETE.has(kind);

const untilClosed = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => (response.destroyed ? resolve() : response.once('close', resolve)));

async function repeatUntilClosed(response: ServerResponse, text: string): Promise<void> {
  while (!response.destroyed) {
    response.write(text);
    await sleep(20);
  }
}

async function sendSlowly(response: ServerResponse, text: string, bytesPerSecond: number): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (response.destroyed) return;
    response.write(Buffer.from([byte]));
    await sleep(1000 / bytesPerSecond);
  }
  response.end();
}

/** Half of the frames: into the reply, well before its end. */
const half = (frames: readonly string[]): string => frames.slice(0, Math.ceil(frames.length / 2)).join('');

const truncatedJson = (reply: Reply): string =>
  framesOf({
    ...reply,
    blocks: reply.blocks.map((block) => (block.json ? { ...block, json: block.json.slice(0, -2) } : block)),
  }).join('');

/** Plays an incident that is not a plain error document. Returns when the exchange is over. */
export async function playIncident(response: ServerResponse, incident: Incident, reply: Reply): Promise<void> {
  const frames = framesOf(reply);
  const whole = frames.join('');
  const stream = (text: string): void => void response.writeHead(200, SSE).write(text);
  switch (incident.kind) {
    case 'bad_gateway_html':
      return void response.writeHead(502, HTML).end('<html><body>502 Bad Gateway</body></html>');
    case 'html':
      return void response.writeHead(200, HTML).end('<html><body>Please log in</body></html>');
    case 'empty':
      return void response.writeHead(200, SSE).end();
    case 'redirect':
      return void response.writeHead(307, { location: 'http://127.0.0.1:9/elsewhere' }).end();
    case 'reset':
      return void response.destroy();
    case 'silence_before_headers':
      return untilClosed(response);
    case 'silence':
      response.writeHead(200, SSE).flushHeaders();
      return untilClosed(response);
    case 'comments_only':
      response.writeHead(200, SSE);
      return repeatUntilClosed(response, ': still here\n\n');
    case 'pings_only':
      stream(frames[0] ?? '');
      return repeatUntilClosed(response, 'event: ping\ndata: {"type":"ping"}\n\n');
    case 'slow':
      response.writeHead(200, SSE);
      return sendSlowly(response, whole, incident.bytesPerSecond ?? 1);
    case 'error_event': {
      const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
      return void response.writeHead(200, SSE).end(`${half(frames)}event: error\ndata: ${JSON.stringify(error)}\n\n`);
    }
    case 'reset_mid_stream':
      stream(half(frames));
      await sleep(10);
      return void response.destroy();
    case 'clean_close':
      return void response.writeHead(200, SSE).end(half(frames));
    case 'mid_line_close':
      return void response.writeHead(200, SSE).end(`${half(frames)}event: content_block_delta\ndata: {"type":"conte`);
    case 'malformed_line':
      return void response.writeHead(200, SSE).end(`${half(frames)}event: content_block_delta\ndata: {oops}\n\n`);
    case 'truncated_tool_json':
      return void response.writeHead(200, SSE).end(truncatedJson(reply));
    case 'no_stop_reason':
      return void response.writeHead(200, SSE).end(framesOf(reply, null).join(''));
    case 'unknown_event':
      return void response
        .writeHead(200, SSE)
        .end(whole.replace('event: ping\n', 'event: surprise\ndata: {"type":"surprise"}\n\nevent: ping\n'));
    case 'double_stop':
      return void response.writeHead(200, SSE).end(whole + (frames.at(-1) ?? ''));
    default:
      throw new Error(`incident ${incident.kind} is an error document`);
  }
}

export async function sendStream(response: ServerResponse, reply: Reply): Promise<void> {
  response.writeHead(200, SSE);
  response.end(framesOf(reply).join(''));
}
