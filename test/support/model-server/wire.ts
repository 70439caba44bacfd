// The Messages API as far as this server speaks it. Blocks are kept as they came: unknown fields are not lost.

export interface CacheControl {
  readonly type: 'ephemeral';
  readonly ttl?: '5m' | '1h';
}

export interface WireBlock {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly tool_use_id?: string;
  readonly content?: string | readonly WireBlock[];
  readonly is_error?: boolean;
  readonly cache_control?: CacheControl | null;
}

export interface WireMessage {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: string | readonly WireBlock[];
}

export interface WireTool {
  readonly name: string;
  readonly description?: string;
  readonly input_schema?: unknown;
  readonly cache_control?: CacheControl | null;
}

export interface WireRequest {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly WireMessage[];
  readonly system?: string | readonly WireBlock[];
  readonly tools?: readonly WireTool[];
  readonly tool_choice?: unknown;
  readonly stream?: boolean;
}

/** An answer other than a message: what the vendor sends as `{"type":"error"}`. */
export class WireError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    readonly details?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }

  body(requestId: string): string {
    const error = { type: this.type, message: this.message, ...(this.details ? { details: this.details } : {}) };
    return JSON.stringify({ type: 'error', error, request_id: requestId });
  }
}

export const invalid = (message: string): WireError => new WireError(400, 'invalid_request_error', message);

/** A string content is shorthand for one text block. */
export const blocksOf = (content: string | readonly WireBlock[]): readonly WireBlock[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

/** All text of a block, that of nested tool results included. */
export const textOf = (block: WireBlock): string => {
  if (typeof block.text === 'string') return block.text;
  return block.content === undefined ? '' : blocksOf(block.content).map(textOf).join('\n');
};
