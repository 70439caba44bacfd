import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Facts, factsOf } from './facts.js';
import { errorOf, isBilled, isComplete, playIncident, sendStream } from './incidents.js';
import { type Chosen, choose } from './match.js';
import { PrefixCache } from './prefix-cache.js';
import { type BilledCall, CallRecord } from './record.js';
import { buildReply, messageOf, type Reply } from './reply.js';
import type { Incident, Scenario } from './scenario.js';
import { countTokens } from './tokens.js';
import { validateRequest } from './validate.js';
import { invalid, WireError, type WireRequest } from './wire.js';

export interface ModelServerOptions {
  readonly scenario: Scenario;
  /** Default 0: a free one. */
  readonly port?: number;
  /** JSON lines, appended and fsynced. Absent: in memory. */
  readonly recordFile?: string;
  /** Clock of the prompt cache. */
  readonly now?: () => number;
}

export interface ModelServer {
  readonly url: string;
  readonly record: CallRecord;
  /** Bodies of all message requests, newest last. */
  readonly requests: readonly WireRequest[];
  close(): Promise<void>;
}

interface Call {
  readonly request: WireRequest;
  readonly hash: string;
  readonly facts: Facts;
  readonly chosen: Chosen;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new WireError(413, 'request_too_large', 'Request exceeds the maximum size');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const parseBody = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('The request body is not valid JSON.');
  }
};

const sendJson = (response: ServerResponse, status: number, value: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

/** Speaks the Messages API from a scenario. See README.md. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const { scenario, now = Date.now } = options;
  const record = new CallRecord(options.recordFile);
  const cache = new PrefixCache({ minTokens: scenario.minCacheTokens ?? 1024, now });
  const requests: WireRequest[] = [];

  const authorise = (request: IncomingMessage): string => {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const key = bearer ?? String(request.headers['x-api-key'] ?? '');
    if (scenario.apiKeys && !scenario.apiKeys.includes(key)) {
      throw new WireError(401, 'authentication_error', 'invalid x-api-key');
    }
    return createHash('sha256').update(key).digest('hex').slice(0, 12);
  };

  const strike = ({ chosen, hash, request }: Call): Incident | undefined => {
    const listed = [...(chosen.rule.incidents ?? []), ...(chosen.step.incidents ?? [])];
    for (const [index, incident] of listed.entries()) {
      const scope = incident.per === 'request' ? hash : chosen.stepIndex;
      const countKey = `${chosen.rule.name}/${scope}/${index}/${incident.kind}`;
      const times = incident.times ?? 1;
      if (times !== 0 && record.strikes(countKey) >= times) continue;
      const line = { at: new Date(now()).toISOString(), rule: chosen.rule.name, step: chosen.stepIndex };
      record.append({
        kind: 'incident',
        ...line,
        requestHash: hash,
        model: request.model,
        incident: incident.kind,
        countKey,
      });
      return incident;
    }
    return undefined;
  };

  const bill = ({ chosen, hash, facts }: Call, reply: Reply, complete: boolean): void => {
    const line: BilledCall = {
      kind: 'billed',
      at: new Date(now()).toISOString(),
      rule: chosen.rule.name,
      step: chosen.stepIndex,
      requestHash: hash,
      model: reply.model,
      messageId: reply.id,
      ...reply.cache,
      outputTokens: reply.outputTokens,
      complete,
      head: facts.head,
    };
    record.append(line);
  };

  const answer = async (call: Call, owner: string, response: ServerResponse): Promise<void> => {
    const incident = strike(call);
    await sleep(call.chosen.step.delayMs ?? scenario.latencyMs ?? 0);
    const error = incident && errorOf(incident);
    if (error) throw error;
    const none = { inputTokens: 0, write5mTokens: 0, write1hTokens: 0, readTokens: 0 };
    const billed = !incident || isBilled(incident.kind);
    const usage = billed ? cache.account(`${owner} ${call.request.model}`, call.request) : none;
    const reply = buildReply(call.chosen.step, call.facts, call.hash, usage);
    if (billed) bill(call, reply, !incident || isComplete(incident.kind));
    if (incident) return playIncident(response, incident, reply);
    if (call.request.stream) return sendStream(response, reply);
    sendJson(response, 200, messageOf(reply));
  };

  const messages = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const owner = authorise(request);
    const body = await readBody(request);
    const parsed = validateRequest(parseBody(body));
    requests.push(parsed);
    const tokens = countTokens(body.toString('utf8'));
    const most = scenario.contextTokens ?? 1_000_000;
    if (tokens > most) throw invalid(`prompt is too long: ${tokens} tokens > ${most} maximum`);
    const facts = factsOf(parsed);
    const hash = createHash('sha256').update(body).digest('hex');
    await answer({ request: parsed, hash, facts, chosen: choose(scenario, facts) }, owner, response);
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method === 'POST' && path === '/v1/messages') return messages(request, response);
    if (request.method === 'POST' && path === '/v1/messages/count_tokens') {
      return sendJson(response, 200, { input_tokens: countTokens((await readBody(request)).toString('utf8')) });
    }
    if (request.method === 'GET' && path === '/health') return sendJson(response, 200, { ok: true });
    throw new WireError(404, 'not_found_error', `${request.method} ${path}`);
  };

  const server = createServer((request, response) => {
    const id = `req_${createHash('sha256').update(`${now()}${Math.random()}`).digest('hex').slice(0, 24)}`;
    response.setHeader('request-id', id);
    // A client that hangs up early is its own business.
    response.on('error', () => undefined);
    route(request, response).catch((error: unknown) => {
      const wire = error instanceof WireError ? error : new WireError(500, 'api_error', String(error));
      if (response.headersSent) return void response.destroy();
      response.writeHead(wire.status, { 'content-type': 'application/json', ...wire.headers }).end(wire.body(id));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    record,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      record.close();
    },
  };
}
