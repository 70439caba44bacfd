import { createHash } from 'node:crypto';
import type { Facts } from './facts.js';
import type { CacheUsage } from './prefix-cache.js';
import type { Step } from './scenario.js';
import { fill } from './template.js';
import { countTokens } from './tokens.js';

export interface ReplyBlock {
  readonly type: 'text' | 'tool_use';
  readonly text?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
  /** Argument text as streamed. */
  readonly json?: string;
}

export interface Reply {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly ReplyBlock[];
  readonly stopReason: string;
  readonly cache: CacheUsage;
  readonly outputTokens: number;
}

const digest = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 24);

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Not streamed, the vendor has no way to send broken JSON: it sends an empty object.
    return {};
  }
}

/** The answer of a step. Ids follow from the request: asking again gives the same answer, byte for byte. */
export function buildReply(step: Step, facts: Facts, requestHash: string, cache: CacheUsage): Reply {
  const text = fill(facts, step.text ?? '') as string;
  const calls = (step.calls ?? []).map((call, index): ReplyBlock => {
    const json = call.rawInput ?? JSON.stringify(fill(facts, call.input ?? {}));
    return {
      type: 'tool_use',
      id: `toolu_${digest(requestHash, 'call', index)}`,
      name: call.tool,
      input: parsed(json),
      json,
    };
  });
  const blocks: readonly ReplyBlock[] = [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...calls];
  return {
    id: `msg_${digest(requestHash, 'message')}`,
    model: facts.model,
    blocks,
    stopReason: step.stopReason ?? (calls.length > 0 ? 'tool_use' : 'end_turn'),
    cache,
    outputTokens: blocks.reduce((sum, block) => sum + countTokens(block.text ?? block.json ?? ''), 1),
  };
}

export const usageOf = ({ cache, outputTokens }: Reply): Readonly<Record<string, unknown>> => ({
  input_tokens: cache.inputTokens,
  cache_creation_input_tokens: cache.write5mTokens + cache.write1hTokens,
  cache_read_input_tokens: cache.readTokens,
  cache_creation: {
    ephemeral_5m_input_tokens: cache.write5mTokens,
    ephemeral_1h_input_tokens: cache.write1hTokens,
  },
  output_tokens: outputTokens,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  inference_geo: null,
  speed: 'standard',
});

const contentOf = ({ type, text, id, name, input }: ReplyBlock): Readonly<Record<string, unknown>> =>
  type === 'text' ? { type, text, citations: null } : { type, id, name, input, caller: { type: 'direct' } };

const envelope = (reply: Reply): Readonly<Record<string, unknown>> => ({
  id: reply.id,
  type: 'message',
  role: 'assistant',
  model: reply.model,
  container: null,
  diagnostics: null,
  stop_details: null,
  stop_sequence: null,
});

export const messageOf = (reply: Reply): Readonly<Record<string, unknown>> => ({
  ...envelope(reply),
  content: reply.blocks.map(contentOf),
  stop_reason: reply.stopReason,
  usage: usageOf(reply),
});

const DELTA_CHARS = 64;

const slices = (text: string): readonly string[] => {
  // Never through a surrogate pair: half a character is not JSON that any vendor sends.
  const chars = [...text];
  const count = Math.ceil(chars.length / DELTA_CHARS);
  return Array.from({ length: count }, (_, n) => chars.slice(n * DELTA_CHARS, (n + 1) * DELTA_CHARS).join(''));
};

const frame = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

function blockFrames(block: ReplyBlock, index: number): readonly string[] {
  const start = block.type === 'text' ? { ...contentOf(block), text: '' } : { ...contentOf(block), input: {} };
  const deltas =
    block.type === 'text'
      ? slices(block.text ?? '').map((text) => ({ type: 'text_delta', text }))
      : ['', ...slices(block.json ?? '')].map((json) => ({ type: 'input_json_delta', partial_json: json }));
  return [
    frame('content_block_start', { index, content_block: start }),
    ...deltas.map((delta) => frame('content_block_delta', { index, delta })),
    frame('content_block_stop', { index }),
  ];
}

/** The reply as server-sent events, one string a frame. */
export function framesOf(reply: Reply, stopReason: string | null = reply.stopReason): readonly string[] {
  const { output_tokens: outputTokens, ...input } = usageOf(reply);
  const message = { ...envelope(reply), content: [], stop_reason: null, usage: { ...input, output_tokens: 1 } };
  return [
    frame('message_start', { message }),
    frame('ping', {}),
    ...reply.blocks.flatMap(blockFrames),
    frame('message_delta', {
      delta: { stop_reason: stopReason, stop_sequence: null, stop_details: null, container: null },
      usage: { ...usageOf(reply), output_tokens: outputTokens },
    }),
    frame('message_stop', {}),
  ];
}
