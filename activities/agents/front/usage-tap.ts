import { Stream } from '@anthropic-ai/sdk/streaming';
import { type CallUsage, NO_USAGE } from '../../../domain/pricing.js';
import { isRecord, malformed, recordIn, usageAtEnd, usageAtStart } from '../anthropic/events.js';

/**
 * What a reply used, read from a copy of it.
 * @throws MalformedReply when it broke off before it said so; the vendor's error when it ends in one
 */
export const usageOf = async (copy: Response, onContent: () => void): Promise<CallUsage> => {
  if (!copy.headers.get('content-type')?.includes('text/event-stream')) {
    const message: unknown = await copy.json();
    if (!isRecord(message)) throw malformed('is no message');
    return usageAtStart(recordIn(message, 'usage'));
  }
  let usage = NO_USAGE;
  let hasBegun = false;
  for await (const event of Stream.fromSSEResponse<unknown>(copy, new AbortController())) {
    if (!isRecord(event)) throw malformed('holds an event that is none');
    onContent();
    if (event.type === 'message_start') {
      usage = usageAtStart(recordIn(recordIn(event, 'message'), 'usage'));
      hasBegun = true;
    }
    if (event.type === 'message_delta') usage = usageAtEnd(usage, recordIn(event, 'usage'));
    if (event.type === 'message_stop' && hasBegun) return usage;
  }
  throw malformed('broke off before its end');
};
