import type Anthropic from '@anthropic-ai/sdk';
import { Failure } from '../../../domain/failures.js';
import { type CallUsage, NO_USAGE } from '../../../domain/pricing.js';
import type { ModelReply, ReplyBlock, RequestedCall } from '../model-port.js';

type StreamEvent = Anthropic.RawMessageStreamEvent;

/** Far above what `max_tokens` allows: only a broken or hostile endpoint sends more. */
const MAX_REPLY_CHARS = 4 * 1024 * 1024;

/** What the vendor takes back as the id and name of a call. */
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;

interface OpenBlock {
  readonly start: Record<string, unknown> & { readonly type: string };
  text: string;
  json: string;
  thinking: string;
  signature: string;
  isClosed: boolean;
}

const malformed = (message: string): Failure => new Failure('MalformedReply', `The model's reply ${message}.`);

/**
 * Builds a reply from its events. The SDK's own helper turns tool arguments that broke off into `{}` without an error,
 * and its plain loop ends in silence when the stream does; so the pieces are kept here and the end is proven.
 */
export class ReplyAccumulator {
  readonly #blocks = new Map<number, OpenBlock>();
  #message: Anthropic.Message | undefined;
  #usage: CallUsage = NO_USAGE;
  #stopReason: string | null = null;
  #isStopped = false;
  #chars = 0;

  /** Answers whether the event carried content. @throws MalformedReply */
  take(event: StreamEvent): boolean {
    if (this.#isStopped) return false;
    switch (event.type) {
      case 'message_start':
        this.#message = event.message;
        this.#usage = usageAtStart(event.message.usage);
        return true;
      case 'content_block_start':
        this.#open(event.index, event.content_block);
        return true;
      case 'content_block_delta':
        this.#extend(event.index, event.delta);
        return true;
      case 'content_block_stop':
        this.#block(event.index).isClosed = true;
        return true;
      case 'message_delta':
        this.#stopReason = event.delta.stop_reason ?? this.#stopReason;
        this.#usage = usageAtEnd(this.#usage, event.usage);
        return true;
      case 'message_stop':
        this.#isStopped = true;
        return true;
      default:
        // Unknown events are the vendor's to add.
        return false;
    }
  }

  /** @throws MalformedReply when the stream did not prove its end, or tool arguments do not parse */
  finish(): ModelReply {
    if (!this.#message) throw malformed('held no event');
    if (!this.#isStopped) throw malformed('broke off before its end');
    if (this.#stopReason === null) throw malformed('ended without a stop reason');
    const open = [...this.#blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
    const whole = open.filter((block) => this.#isWhole(block));
    const blocks = whole.map(toReplyBlock);
    return {
      messageId: this.#message.id,
      blocks,
      calls: blocks.flatMap(toCall),
      text: whole.map((block) => block.text.toWellFormed()).join(''),
      stopReason: this.#stopReason,
      usage: this.#usage,
    };
  }

  /** A reply cut at its token limit may end inside a call; that call was never made. */
  #isWhole(block: OpenBlock): boolean {
    if (block.start.type !== 'tool_use') return true;
    return this.#stopReason !== 'max_tokens' || (block.isClosed && parseInput(block.json) !== undefined);
  }

  #open(index: number, start: { readonly type: string }): void {
    this.#blocks.set(index, { start: { ...start }, text: '', json: '', thinking: '', signature: '', isClosed: false });
  }

  #extend(index: number, delta: Anthropic.RawContentBlockDelta): void {
    const block = this.#block(index);
    const piece = pieceOf(delta);
    this.#chars += piece.length;
    if (this.#chars > MAX_REPLY_CHARS) throw malformed('is far larger than was asked for');
    if (delta.type === 'text_delta') block.text += piece;
    else if (delta.type === 'input_json_delta') block.json += piece;
    else if (delta.type === 'thinking_delta') block.thinking += piece;
    else if (delta.type === 'signature_delta') block.signature += piece;
  }

  #block(index: number): OpenBlock {
    const block = this.#blocks.get(index);
    if (!block) throw malformed('adds to a block that it never began');
    return block;
  }
}

function pieceOf(delta: Anthropic.RawContentBlockDelta): string {
  switch (delta.type) {
    case 'text_delta':
      return delta.text;
    case 'input_json_delta':
      return delta.partial_json;
    case 'thinking_delta':
      return delta.thinking;
    case 'signature_delta':
      return delta.signature;
    default:
      return '';
  }
}

/** Undefined when the text is no JSON object. No text at all is the empty object: a tool may take no arguments. */
function parseInput(json: string): Readonly<Record<string, unknown>> | undefined {
  if (json.trim() === '') return {};
  try {
    // Half a surrogate pair is no text: neither the vendor nor the database takes it back.
    const value: unknown = JSON.parse(json, (_, item: unknown) =>
      typeof item === 'string' ? item.toWellFormed() : item,
    );
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // Not JSON: the caller decides what that means.
    return undefined;
  }
}

function toReplyBlock(block: OpenBlock): ReplyBlock {
  const { start } = block;
  if (start.type === 'text') return { type: 'text', text: block.text.toWellFormed() };
  // Thinking goes back signed and unchanged, or the vendor refuses the next request.
  if (start.type === 'thinking') return { type: 'thinking', thinking: block.thinking, signature: block.signature };
  if (start.type !== 'tool_use') return start;
  if (!NAME.test(String(start.id)) || !NAME.test(String(start.name))) throw malformed('names a tool call wrongly');
  const input = parseInput(block.json);
  if (!input) throw malformed(`holds broken arguments for ${String(start.name)}`);
  return { type: 'tool_use', id: String(start.id), name: String(start.name), input };
}

const toCall = (block: ReplyBlock): readonly RequestedCall[] =>
  block.type === 'tool_use'
    ? // Both were made above from a parsed object.
      [{ callId: String(block.id), name: String(block.name), input: block.input as RequestedCall['input'] }]
    : [];

const usageAtStart = (usage: Anthropic.Usage): CallUsage => {
  const writes = usage.cache_creation_input_tokens ?? 0;
  const write1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    inputTokens: usage.input_tokens,
    cacheWrite5mTokens: writes - write1h,
    cacheWrite1hTokens: write1h,
    cacheReadTokens: usage.cache_read_input_tokens ?? 0,
    outputTokens: usage.output_tokens,
  };
};

/** Cumulative figures; those that the vendor leaves out stand as they were. */
const usageAtEnd = (before: CallUsage, usage: Anthropic.MessageDeltaUsage): CallUsage => ({
  inputTokens: usage.input_tokens ?? before.inputTokens,
  cacheWrite1hTokens: before.cacheWrite1hTokens,
  cacheWrite5mTokens:
    usage.cache_creation_input_tokens == null
      ? before.cacheWrite5mTokens
      : usage.cache_creation_input_tokens - before.cacheWrite1hTokens,
  cacheReadTokens: usage.cache_read_input_tokens ?? before.cacheReadTokens,
  outputTokens: usage.output_tokens,
});
