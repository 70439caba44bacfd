import { expect, test } from '@jest/globals';
import { readAskedCall } from '../../activities/agents/front/request-rules.js';

const MODEL = 'claude-sonnet-5-5';
const asked = { model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const read = (request: object | string) =>
  readAskedCall(Buffer.from(typeof request === 'string' ? request : JSON.stringify(request)), MODEL);

test('an ordinary request is passed on as it was understood', () => {
  const tools = [
    { name: 'add', input_schema: { type: 'object' } },
    { type: 'bash_20250124', name: 'bash' },
    { type: 'custom', name: 'x', input_schema: {} },
  ];
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } };
  const call = { type: 'tool_use', id: 't', name: 'get', input: { source: { type: 'url', url: 'http://a' } } };
  const messages = [
    { role: 'user', content: [image] },
    { role: 'assistant', content: [call] },
  ];
  const request = { ...asked, messages, tools, stream: true, system: 'x', thinking: { type: 'disabled' } };
  const answer = read(request);
  expect(answer).toMatchObject({ maxTokens: 100 });
  expect('body' in answer && JSON.parse(answer.body.toString())).toEqual(request);
});

test('of a key that comes twice the vendor gets the one that was looked at', () => {
  const answer = read(`{"model":"claude-opus-5-5","max_tokens":1,"messages":[],"model":"${MODEL}"}`);
  expect('body' in answer && answer.body.toString()).toBe(`{"model":"${MODEL}","max_tokens":1,"messages":[]}`);
});

const url = { type: 'url', url: 'https://evil.test/?q=secret' };
const content = (block: object) => ({ ...asked, messages: [{ role: 'user', content: [block] }] });

test.each<[string, object | string, number]>([
  ['no JSON', '{', 400],
  ['an array', '[]', 400],
  ['another model', { ...asked, model: 'claude-opus-5-5' }, 403],
  ['no model', { ...asked, model: undefined }, 403],
  ['no max_tokens', { ...asked, max_tokens: undefined }, 400],
  ['a fraction of a token', { ...asked, max_tokens: 1.5 }, 400],
  ['a number as text', { ...asked, max_tokens: '100' }, 400],
  ['a billion tokens', { ...asked, max_tokens: 1e9 }, 400],
  ['a connector', { ...asked, mcp_servers: [{ type: 'url', url: 'https://evil.test' }] }, 403],
  ['a container', { ...asked, container: 'c' }, 403],
  ['a dearer tier', { ...asked, service_tier: 'auto' }, 403],
  ['a search by the vendor', { ...asked, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 403],
  ['a fetch by the vendor', { ...asked, tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] }, 403],
  ['a tool of no known kind', { ...asked, tools: [{ type: 7 }] }, 403],
  ['an image from an address', content({ type: 'image', source: url }), 403],
  ['a stored file', content({ type: 'document', source: { type: 'file', file_id: 'f' } }), 403],
  ['an upload', content({ type: 'container_upload', file_id: 'f' }), 403],
  [
    'an address inside a result',
    content({ type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: url }] }),
    403,
  ],
  ['an address in the system prompt', { ...asked, system: [{ type: 'document', source: url }] }, 403],
  [
    'content that nests without end',
    JSON.stringify({ ...asked, messages: 0 }).replace('0}', `${'['.repeat(5000)}${']'.repeat(5000)}}`),
    403,
  ],
])('%s is refused', (_, request, status) => {
  expect(read(request)).toMatchObject({ status });
});
