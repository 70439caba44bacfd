import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { createAnthropicModel } from '../../../activities/agents/anthropic/anthropic.js';
import { createBrokerFetch } from '../../../activities/sandbox/broker.js';
import { environmentFor } from '../../../infra/config.js';
import { createLogger } from '../../../infra/logging.js';
import type { Vector } from '../vector.js';
import { startGateway } from './gateway.js';
import { findIn, needlesOf } from './needles.js';
import type { SecretsWorld } from './world.js';

type SecretsVector = Vector<SecretsWorld>;

const KEY = 'qd1b52cf7a90e4b83a6f0c2d9e8b7a6c5d4e3f2a10';
const NEEDLES = needlesOf(KEY);

/** Everything of an error that anybody could print, causes included. */
const everythingOf = (error: unknown, depth = 0): string => {
  if (!(error instanceof Error) || depth > 8) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => {
    // Any field of an error may be printed.
    const value = (error as unknown as Readonly<Record<string, unknown>>)[name];
    if (value instanceof Headers) return JSON.stringify([...value]);
    return value instanceof Error ? everythingOf(value, depth + 1) : `${JSON.stringify(value) ?? String(value)}`;
  });
  return own.join('\n');
};

const BODY = JSON.stringify({ model: 'm', max_tokens: 1, stream: true, messages: [{ role: 'user', content: 'x' }] });

const repeated: SecretsVector = {
  name: 'a gateway that repeats the model key',
  controls: ['secrets.scrubbed-replies'],
  isSmoke: true,
  run: async (world, tally) => {
    const gateway = await startGateway(world.url);
    try {
      const model = createAnthropicModel({ fetch: createBrokerFetch({ apiKey: KEY, baseUrl: gateway.url }) });
      for (let act = 0; act < 4; act++) {
        const error = await model.complete({ body: BODY }, new AbortController().signal).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) throw new Error('the gateway served it');
        const form = findIn(Buffer.from(everythingOf(error)), NEEDLES);
        tally.count(form && `the failure holds ${form}: ${everythingOf(error).slice(0, 120)}`);
      }
    } finally {
      gateway.close();
    }
  },
};

/** Addresses that are not the model's, however much they look like it. */
const ELSEWHERE = (world: SecretsWorld): readonly (readonly [string, RequestInit])[] => {
  const post = { method: 'POST', body: '{}' };
  const origin = 'https://model.broker.invalid';
  return [
    [`${world.url}/v1/messages`, post],
    [`${origin}.evil.example/v1/messages`, post],
    [`${origin}:8443/v1/messages`, post],
    [`${origin}@${new URL(world.url).host}/v1/messages`, post],
    ['http://model.broker.invalid/v1/messages', post],
    [`${origin}/v1/files`, post],
    [`${origin}/v1/messages/../../admin`, post],
    [`${origin}/v1/messages/batches`, post],
    [`${origin}//v1/messages`, post],
    [`${origin}/v1/messages%2f..%2fadmin`, post],
    [`${origin}/v1/messages`, { method: 'GET' }],
    [`${origin}/v1/messages`, { method: 'DELETE' }],
    [`${origin}/v1/messages`, {}],
  ];
};

const elsewhere: SecretsVector = {
  name: 'other addresses and methods than the model’s',
  controls: ['secrets.broker-endpoint'],
  isSmoke: true,
  run: async (world, tally) => {
    const broker = createBrokerFetch({ apiKey: KEY, baseUrl: world.url });
    for (const [url, init] of ELSEWHERE(world)) {
      const isServed = await broker(url, init).then(
        () => true,
        () => false,
      );
      tally.count(isServed ? `${init.method ?? 'GET'} ${url} was served` : undefined);
    }
  },
};

const redirected: SecretsVector = {
  name: 'an endpoint that redirects',
  controls: ['secrets.no-redirects'],
  isSmoke: true,
  run: async (world, tally) => {
    for (const status of [301, 302, 303, 307, 308]) {
      const server = createServer((_, response) =>
        response.writeHead(status, { location: `${world.url}/stolen` }).end(),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      // It listens on a port.
      const { port } = server.address() as AddressInfo;
      const broker = createBrokerFetch({ apiKey: KEY, baseUrl: `http://127.0.0.1:${port}` });
      world.heard.length = 0;
      await broker('https://model.broker.invalid/v1/messages', { method: 'POST', body: '{}' }).catch(() => undefined);
      tally.count(findIn(Buffer.from(world.heard.join()), NEEDLES) && `${status}: the key went on`);
      server.close();
    }
  },
};

const environments: SecretsVector = {
  name: 'the environment of other processes than the worker',
  controls: ['secrets.environment'],
  isSmoke: true,
  run: async (_, tally) => {
    const env = {
      ANTHROPIC_API_KEY: KEY,
      ANTHROPIC_AUTH_TOKEN: KEY,
      DATABASE_URL: `postgres://u:${KEY}@h/d`,
      PGPASSWORD: KEY,
      TEMPORAL_API_KEY: KEY,
      MILLWRIGHT_API_KEY: KEY,
      GITHUB_TOKEN: KEY,
      GH_TOKEN: KEY,
      GITHUB_APP_ID: '1',
      GITHUB_APP_PRIVATE_KEY_FILE: '/keys/app.pem',
      GITHUB_WEBHOOK_SECRET: KEY,
      GITHUB_WEBHOOK_SECRET_PREVIOUS: KEY,
      PATH: '/bin',
    };
    const forTheWorker = /^(ANTHROPIC_.*|GITHUB_APP.*|GITHUB_TOKEN|GH_TOKEN)$/;
    for (const name of Object.keys(environmentFor('tool', env)))
      tally.count(name === 'PATH' ? undefined : `a tool gets ${name}`);
    for (const name of Object.keys(environmentFor('api', env)))
      tally.count(forTheWorker.test(name) ? `the API gets ${name}` : undefined);
  },
};

const logged: SecretsVector = {
  name: 'fields of log lines that hold secrets',
  controls: ['secrets.log-fields'],
  isSmoke: true,
  run: async (_, tally) => {
    const fields = [
      { password: KEY },
      { headers: { authorization: KEY, cookie: KEY } },
      { req: { headers: { authorization: `Bearer ${KEY}` } } },
      { settings: { apiKey: KEY, token: KEY, secret: KEY } },
      { databaseUrl: KEY },
      { pool: { connectionString: KEY } },
    ];
    for (const field of fields) {
      const lines = new PassThrough();
      createLogger({ name: 'attack', level: 'info', destination: lines }).info(field, 'said');
      tally.count(
        findIn(Buffer.from(String(lines.read())), NEEDLES) && `${JSON.stringify(Object.keys(field))} was printed`,
      );
    }
  },
};

export const BROKER: readonly SecretsVector[] = [repeated, elsewhere, redirected, environments, logged];
