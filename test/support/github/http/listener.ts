import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultAct, Faults } from '../faults/faults.js';
import { gitRequestOf, serveGit } from '../git/backend.js';
import type { Limiter } from '../limits/limiter.js';
import { API_PREFIX } from '../urls.js';
import type { World } from '../world.js';
import { type Answer, type Caller, loginOf } from './call.js';
import type { RecordedRequest } from './record.js';
import type { Match } from './router.js';
import { serveRest } from './serve-rest.js';

export interface Served {
  readonly world: World;
  readonly faults: Faults;
  readonly limiter: Limiter;
  readonly record: RecordedRequest[];
  readonly find: (method: string, path: string) => Match | undefined;
  /** Pages that are neither REST nor git. Undefined: not one of them. */
  readonly pages: (request: IncomingMessage, url: URL, raw: Buffer) => Promise<Answer | undefined>;
}

const MOST_BODY_BYTES = 30 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new Error('The body is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function bytesOf({ body }: Answer): { readonly type: string; readonly text: string } {
  if (typeof body === 'string') {
    return { type: body.startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8', text: body };
  }
  return { type: 'application/json; charset=utf-8', text: body === undefined ? '' : JSON.stringify(body) };
}

async function send(response: ServerResponse, answer: Answer, fault: FaultAct | undefined): Promise<number> {
  if (fault?.kind === 'apply-then-cut') {
    response.destroy();
    return 0;
  }
  if (fault?.kind === 'apply-then-hang') return 0;
  if (fault?.kind === 'slow') await sleep(fault.ms);
  const { type, text } = bytesOf(answer);
  const length = Buffer.byteLength(text);
  response.writeHead(answer.status, {
    ...(text === '' ? {} : { 'content-type': type }),
    // Without it a body that ends early would look whole.
    ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': String(length) }),
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': randomBytes(10).toString('hex').toUpperCase(),
    ...answer.headers,
  });
  if (fault?.kind === 'truncate') {
    response.write(text.slice(0, text.length / 2), () => response.destroy());
    return answer.status;
  }
  response.end(text);
  return answer.status;
}

/** One listener for REST, git and pages, with a record of every request and the faults of the script. */
export function listenerOf(served: Served): (request: IncomingMessage, response: ServerResponse) => void {
  const { world, faults, limiter, record, find, pages } = served;

  const note = (request: IncomingMessage, url: URL, more: Partial<RecordedRequest>, caller?: Caller): void => {
    const hasToken = caller?.kind === 'installation' || caller?.kind === 'person';
    record.push({
      atMs: world.clock.now(),
      method: request.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      operation: null,
      tokenId: hasToken ? caller.token.id : null,
      login: caller === undefined || caller.kind === 'anonymous' ? null : loginOf(caller),
      status: 0,
      createsContent: false,
      isLimited: false,
      fault: null,
      ...more,
    });
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', world.urls.web);
    response.setHeader('date', new Date(world.clock.now()).toUTCString());
    const isRest = url.pathname === API_PREFIX || url.pathname.startsWith(`${API_PREFIX}/`);
    const path = isRest ? url.pathname.slice(API_PREFIX.length) : url.pathname;
    const method = request.method ?? 'GET';
    const fault = faults.strike(method, path);
    if (fault?.kind === 'cut') {
      note(request, url, { fault: fault.kind });
      return void response.destroy();
    }
    if (fault?.kind === 'hang') return note(request, url, { fault: fault.kind });
    if (fault?.kind === 'answer') {
      const status = await send(response, { ...fault, headers: fault.headers ?? {} }, undefined);
      return note(request, url, { status, fault: `answer ${fault.status}` });
    }
    const asked = isRest ? undefined : gitRequestOf(url);
    if (asked !== undefined) {
      const caller = await serveGit(world, asked, { request, response, url });
      note(request, url, { operation: 'git', status: response.statusCode, fault: fault?.kind ?? null }, caller);
      if (fault?.kind === 'apply-then-cut') return void response.destroy();
      return void (fault?.kind === 'apply-then-hang' || response.end());
    }
    const raw = await readBody(request);
    const shown = isRest ? undefined : await pages(request, url, raw);
    if (shown !== undefined) {
      note(request, url, { operation: 'page', status: await send(response, shown, fault) });
      return;
    }
    const match = isRest ? find(method, renumbered(world, path)) : undefined;
    const { caller, answer, isLimited } = await serveRest(world, limiter, { request, url, match, raw });
    const status = await send(response, answer, fault);
    const { operation = null, createsContent = false } = match?.route ?? {};
    const isCreated = createsContent && answer.status < 300;
    note(request, url, { operation, status, createsContent: isCreated, isLimited, fault: fault?.kind ?? null }, caller);
  };

  return (request, response) => {
    // A client that hangs up early is its own business.
    response.on('error', () => undefined);
    serve(request, response).catch((error: unknown) => {
      world.complain(`${request.method} ${request.url}`, [`the server itself failed: ${(error as Error).stack}`]);
      if (response.headersSent) return void response.destroy();
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Server Error"}');
    });
  };
}

/** `/repositories/{id}/…` is the same as `/repos/{owner}/{repo}/…`: redirects of renamed repositories lead there. */
function renumbered({ state }: World, path: string): string {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
  const found = id === undefined ? undefined : state.repositories.find((one) => one.id === Number(id));
  return found === undefined ? path : `/repos/${found.owner}/${found.name}${rest}`;
}
