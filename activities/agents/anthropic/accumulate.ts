import { type CallUsage, NO_USAGE } from '../../../domain/pricing.js';
import type { ModelReply, ReplyBlock, RequestedCall } from '../model-port.js';
import { type Fields, indexIn, isRecord, malformed, recordIn, textIn, usageAtEnd, usageAtStart } from './events.js';

/** Far above what `max_tokens` allows: only a broken or hostile endpoint sends more. */
const MAX_REPLY_CHARS = 4 * 1024 * 1024;

/** What the vendor takes back as the id and name of a call; its reasons to stop are made of the same. */
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/** Reasons to stop anywhere, inside a block too. */
const CUTTING: ReadonlySet<string | null> = new Set(['max_tokens', 'refusal', 'model_context_window_exceeded']);

interface OpenBlock {
  readonly start: Fields & { readonly type: string };
  text: string;
  json: string;
  thinking: string;
  signature: string;
  isClosed: boolean;
}

/** Which part of a block each kind of piece belongs to, under which name, and the only block that takes it. */
const PIECES = {
  text_delta: { field: 'text', of: 'text', part: 'text' },
  input_json_delta: { field: 'partial_json', of: 'tool_use', part: 'json' },
  thinking_delta: { field: 'thinking', of: 'thinking', part: 'thinking' },
  signature_delta: { field: 'signature', of: 'thinking', part: 'signature' },
} as const;
const KNOWN_BLOCKS: ReadonlySet<string> = new Set(['text', 'tool_use', 'thinking']);

const isPiece = (type: string): type is keyof typeof PIECES => Object.hasOwn(PIECES, type);

/**
 * Builds a reply from its events. The SDK's own helper turns tool arguments that broke off into `{}` without an error,
 * and its plain loop ends in silence when the stream does; so the pieces are kept here and the end is proven. The SDK
 * checks no event either: its types are what the vendor promises.
 */
export class ReplyAccumulator {
  readonly #blocks = new Map<number, OpenBlock>();
  #messageId: string | undefined;
  #usage: CallUsage = NO_USAGE;
  #stopReason: string | null = null;
  #isStopped = false;
  #chars = 0;

  /** Answers whether the event carried content. @throws MalformedReply */
  take(event: unknown): boolean {
    if (this.#isStopped) return false;
    if (!isRecord(event)) throw malformed('holds an event that is none');
    switch (event.type) {
      case 'message_start':
        this.#begin(recordIn(event, 'message'));
        return true;
      case 'content_block_start':
        this.#open(indexIn(event), recordIn(event, 'content_block'));
        return true;
      case 'content_block_delta':
        this.#extend(this.#openBlock(event), recordIn(event, 'delta'));
        return true;
      case 'content_block_stop':
        this.#openBlock(event).isClosed = true;
        return true;
      case 'message_delta':
        this.#change(event);
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
    if (this.#messageId === undefined) throw malformed('held no event');
    if (!this.#isStopped) throw malformed('broke off before its end');
    if (this.#stopReason === null) throw malformed('ended without a stop reason');
    const sorted = [...this.#blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
    const whole = sorted.filter((block) => this.#isWhole(block));
    const blocks = whole.map(toReplyBlock);
    const calls = blocks.flatMap(toCall);
    if (new Set(calls.map(({ callId }) => callId)).size < calls.length) throw malformed('gives two calls one id');
    return {
      messageId: this.#messageId,
      blocks,
      calls,
      text: whole.map((block) => block.text.toWellFormed()).join(''),
      stopReason: this.#stopReason,
      usage: this.#usage,
    };
  }

  /** A reply that was cut may end inside a call or a thought; that call was never made. */
  #isWhole(block: OpenBlock): boolean {
    if (!CUTTING.has(this.#stopReason)) {
      if (!block.isClosed) throw malformed('ended inside a block');
      return true;
    }
    if (block.start.type === 'text') return true;
    return block.isClosed && (block.start.type !== 'tool_use' || inputOf(block) !== undefined);
  }

  #begin(message: Fields): void {
    if (this.#messageId !== undefined) throw malformed('begins twice');
    this.#messageId = textIn(message, 'id');
    this.#usage = usageAtStart(recordIn(message, 'usage'));
  }

  #open(index: number, start: Fields): void {
    if (this.#messageId === undefined) throw malformed('holds a block before it begins');
    if (this.#blocks.has(index)) throw malformed('begins a block twice');
    const type = textIn(start, 'type');
    const text = type === 'text' && typeof start.text === 'string' ? start.text : '';
    this.#blocks.set(index, {
      start: { ...start, type },
      text,
      json: '',
      thinking: '',
      signature: '',
      isClosed: false,
    });
    this.#count(text);
  }

  #extend(block: OpenBlock, delta: Fields): void {
    const type = textIn(delta, 'type');
    if (!isPiece(type)) return;
    const { field, of, part } = PIECES[type];
    if (KNOWN_BLOCKS.has(block.start.type) && block.start.type !== of)
      throw malformed(`puts a ${type} where none goes`);
    const piece = textIn(delta, field);
    this.#count(piece);
    block[part] += piece;
  }

  #count(piece: string): void {
    this.#chars += piece.length;
    if (this.#chars > MAX_REPLY_CHARS) throw malformed('is far larger than was asked for');
  }

  #change(event: Fields): void {
    const { stop_reason: reason } = recordIn(event, 'delta');
    if (typeof reason === 'string' && NAME.test(reason)) this.#stopReason = reason;
    else if (reason !== null && reason !== undefined) throw malformed('gives no reason as its stop reason');
    if (event.usage !== undefined && event.usage !== null)
      this.#usage = usageAtEnd(this.#usage, recordIn(event, 'usage'));
  }

  #openBlock(event: Fields): OpenBlock {
    const block = this.#blocks.get(indexIn(event));
    if (!block || block.isClosed) throw malformed('adds to a block that is not open');
    return block;
  }
}

/** Undefined when it is no JSON object. No text at all is what the block began with: a tool may take no arguments. */
function inputOf({ json, start }: OpenBlock): Fields | undefined {
  if (json.trim() === '') return isRecord(start.input) ? start.input : {};
  try {
    // Half a surrogate pair is no text: neither the vendor nor the database takes it back.
    const value: unknown = JSON.parse(json, (_, item: unknown) =>
      typeof item === 'string' ? item.toWellFormed() : item,
    );
    return isRecord(value) ? value : undefined;
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
  const { id, name } = start;
  if (typeof id !== 'string' || typeof name !== 'string' || !NAME.test(id) || !NAME.test(name))
    throw malformed('names a tool call wrongly');
  const input = inputOf(block);
  if (!input) throw malformed(`holds broken arguments for ${name}`);
  return { type: 'tool_use', id, name, input };
}

const toCall = (block: ReplyBlock): readonly RequestedCall[] =>
  block.type === 'tool_use'
    ? // Both were made above from a parsed object.
      [{ callId: String(block.id), name: String(block.name), input: block.input as RequestedCall['input'] }]
    : [];
