import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.js';
import { CliError } from '../errors.js';

/** One event as the API streams it. */
export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly epicId: string | null;
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const RECONNECT_MS = 500;

/**
 * Every event that the filter lets through, from the first one on, for as long as the reader wants. A broken stream is
 * opened again after the last event that was seen: the API may restart in between.
 */
export async function* followEvents(
  api: ApiClient,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  let lastEventId = '0-0';
  while (!signal.aborted) {
    try {
      const response = await api.stream('/events/stream', filter, lastEventId, signal);
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        throw new CliError(`The event stream was refused (${response.status}).`);
      }
      if (response.ok && response.body) {
        for await (const event of parseEvents(response.body)) {
          lastEventId = event.id;
          yield event;
        }
      }
    } catch (error) {
      if (error instanceof CliError) throw error;
      // The connection broke; what came since is replayed after the reconnect.
    }
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  let buffered = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    buffered += decoder.decode(chunk, { stream: true });
    for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
      const event = parseBlock(buffered.slice(0, end));
      buffered = buffered.slice(end + 2);
      if (event) yield event;
    }
  }
}

/** A block without data is a heartbeat. */
function parseBlock(block: string): StreamEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const parsed = JSON.parse(data) as Omit<StreamEvent, 'id'>; // the API's published schema
  return { ...parsed, id: fields.get('id') ?? '', type: parsed.type ?? fields.get('event') ?? '' };
}
