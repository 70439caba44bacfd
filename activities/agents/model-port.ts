import type { CallUsage } from '../../domain/pricing.js';

/** A request that is encoded already: the JSON text of the body, or its UTF-8. */
export interface EncodedRequest {
  readonly body: string | Uint8Array;
}

/** A block of a reply as the vendor sent it; it goes back into the next request unchanged. */
export type ReplyBlock = Readonly<Record<string, unknown>> & { readonly type: string };

export interface RequestedCall {
  readonly callId: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface ModelReply {
  readonly messageId: string;
  readonly blocks: readonly ReplyBlock[];
  readonly calls: readonly RequestedCall[];
  readonly text: string;
  readonly stopReason: string;
  readonly usage: CallUsage;
}

export interface ModelPort {
  /**
   * Buys one reply. Whole or not at all: a reply that broke off is a failure.
   * @throws RateLimited, QuotaExhausted, Unavailable, MalformedReply, ContextTooLarge, PermissionDenied, InvalidInput;
   * the signal's reason when it is aborted
   */
  complete(request: EncodedRequest, signal: AbortSignal): Promise<ModelReply>;
}
