import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ExecutionResult, GraphQLError, graphql } from 'graphql';
import { badInput, rateLimited, unauthenticated } from './errors.js';
import { OAuth } from './oauth.js';
import { People } from './people.js';
import type { UserRecord } from './records.js';
import { rootOf } from './resolvers.js';
import { LINEAR_SCHEMA } from './schema.js';
import { Views } from './views.js';
import { Webhooks } from './webhooks.js';
import { LinearWorld } from './world.js';

/** What goes wrong with the next request of an operation. `apply-then-cut`: it happens, and nobody hears of it. */
export interface Fault {
  readonly operation: string;
  readonly act: 'apply-then-cut' | 'proxy-page' | 'rate-limit' | 'bad-input' | 'internal-error';
  times: number;
}

export interface AskedOperation {
  readonly operation: string;
  readonly status: number;
}

export interface Linear {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  readonly world: LinearWorld;
  readonly people: People;
  readonly webhooks: Webhooks;
  readonly oauth: OAuth;
  readonly requests: AskedOperation[];
  readonly faults: Fault[];
  /** Requests that are left of this hour. */
  quota: { limit: number; remaining: number };
  /** A key of this member; `lin_oauth_…` must come as Bearer. */
  key(user: UserRecord, secret?: string): string;
  /** @throws what contradicts the published schema */
  close(): Promise<void>;
}

/** A Linear with state: one workspace with a team ENG. */
export async function startLinear(): Promise<Linear> {
  const webhooks = new Webhooks();
  const world: LinearWorld = new LinearWorld((happening) => webhooks.tell(world, happening));
  world.addTeam('ENG');
  const root = rootOf(world, new Views(world));
  const violations: string[] = [];
  const linear = {
    world,
    people: new People(world),
    webhooks,
    oauth: new OAuth(world),
    requests: [] as AskedOperation[],
    faults: [] as Fault[],
    quota: { limit: 2_500, remaining: 2_500 },
    key(user: UserRecord, secret = `lin_api_${user.displayName}`): string {
      world.keys.set(secret, user.id);
      return secret;
    },
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      violations.push(String(error));
      response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set
    if (request.url === '/oauth/token') {
      const { status, body } = linear.oauth.answer(new URLSearchParams(Buffer.concat(chunks).toString()));
      return send(response, 'oauth/token', status, JSON.stringify(body));
    }
    const { query, operationName, variables } = JSON.parse(Buffer.concat(chunks).toString());
    const fault = linear.faults.find(({ operation, times }) => operation === operationName && times > 0);
    if (fault) fault.times -= 1;
    if (fault?.act === 'proxy-page') return send(response, operationName, 502, '<html>Bad gateway</html>');
    const result = await execute(request, query, operationName, variables, fault);
    if (fault?.act === 'apply-then-cut') {
      linear.requests.push({ operation: operationName, status: 0 });
      response.destroy();
      return;
    }
    const status = Number((result.errors?.[0]?.extensions.http as { status?: number } | undefined)?.status ?? 200);
    send(response, operationName, status, JSON.stringify(result));
  }

  async function execute(
    request: IncomingMessage,
    source: string,
    operationName: string,
    variableValues: Readonly<Record<string, unknown>>,
    fault: Fault | undefined,
  ): Promise<ExecutionResult> {
    const user = userOf(request);
    if (user === undefined) return { errors: [unauthenticated()] };
    if (fault?.act === 'rate-limit' || linear.quota.remaining <= 0) return { errors: [rateLimited()] };
    if (fault?.act === 'bad-input') return { errors: [badInput('Argument Validation Error')] };
    if (fault?.act === 'internal-error')
      return {
        errors: [
          new GraphQLError('Internal server error', { extensions: { type: 'internal error', http: { status: 500 } } }),
        ],
      };
    linear.quota.remaining -= 1;
    const contextValue = { user };
    const result = await graphql({
      schema: LINEAR_SCHEMA,
      source,
      operationName,
      variableValues,
      rootValue: root,
      contextValue,
    });
    // What is no refusal of ours contradicts the schema, or the stand-in.
    for (const error of result.errors ?? [])
      if (error.extensions.http === undefined) violations.push(`${operationName}: ${error.message}`);
    return result;
  }

  function userOf({ headers }: IncomingMessage): UserRecord | undefined {
    const given = headers.authorization ?? '';
    const secret = given.startsWith('Bearer ') ? given.slice(7) : given;
    const isToken = secret.startsWith('lin_oauth_');
    if (isToken !== given.startsWith('Bearer ')) return undefined;
    const user = world.users.get(world.keys.get(secret) ?? '');
    return user?.active ? user : undefined;
  }

  function send(response: ServerResponse, operation: string, status: number, body: string): void {
    linear.requests.push({ operation, status });
    const { limit, remaining } = linear.quota;
    response.writeHead(status, {
      'content-type': body.startsWith('{') ? 'application/json; charset=utf-8' : 'text/html',
      'x-ratelimit-requests-limit': String(limit),
      'x-ratelimit-requests-remaining': String(Math.max(0, remaining)),
      'x-ratelimit-requests-reset': String(Date.now() + 3_600_000),
      'x-ratelimit-complexity-limit': '3000000',
      'x-ratelimit-complexity-remaining': '2999000',
      'x-ratelimit-complexity-reset': String(Date.now() + 3_600_000),
      'x-complexity': '10',
    });
    response.end(body);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return Object.assign(linear, {
    url: `http://127.0.0.1:${port}/graphql`,
    async close() {
      await webhooks.settled();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      const all = [...new Set([...violations, ...webhooks.complaints])];
      if (all.length > 0) throw new Error(`The stand-in of Linear saw what its schema refuses:\n${all.join('\n')}`);
    },
  });
}
