import { malformed } from './events.js';

/** The SDK's own timeout ends with the headers; these watch the stream. */
export interface StreamLimits {
  /** Without a byte. Default one minute. */
  readonly silenceMs: number;
  /** Without an event that carries content; pings and comments do not count. Default five minutes. */
  readonly contentMs: number;
  /** For the whole call. Default 9.5 minutes: below the activity's limit, so that we say why it ended. */
  readonly totalMs: number;
}

export const STREAM_LIMITS: StreamLimits = { silenceMs: 60_000, contentMs: 300_000, totalMs: 570_000 };

const seconds = (ms: number): string => `${ms / 1000} s`;

/** Aborts a call that has gone quiet or takes too long, and remembers why. */
export class Watchdog {
  readonly #abort = new AbortController();
  readonly #total: NodeJS.Timeout;
  readonly #silence: NodeJS.Timeout;
  readonly #content: NodeJS.Timeout;
  #reason: string | undefined;

  constructor(limits: StreamLimits) {
    this.#total = this.#in(limits.totalMs, `did not end within ${seconds(limits.totalMs)}`);
    this.#silence = this.#in(limits.silenceMs, `sent no byte for ${seconds(limits.silenceMs)}`);
    this.#content = this.#in(limits.contentMs, `sent nothing but pings for ${seconds(limits.contentMs)}`);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it aborted, as the end of a sentence about the model; undefined while it has not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  sawByte(): void {
    this.#silence.refresh();
  }

  sawContent(): void {
    this.#content.refresh();
  }

  stop(): void {
    for (const timer of [this.#total, this.#silence, this.#content]) clearTimeout(timer);
  }

  #in(ms: number, reason: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#reason ??= reason;
      this.#abort.abort();
    }, ms);
  }
}

/** A line holds one event: one that does not end fills any memory, and costs its length again with each chunk. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The same response, whose body reports every chunk and fails with MalformedReply in a line without end. By hand: a
 * transform stream costs several times as much a chunk.
 */
export function watchBody(response: Response, onBytes: () => void): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  let lineBytes = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      onBytes();
      const newline = value.lastIndexOf(NEWLINE);
      lineBytes = newline < 0 ? lineBytes + value.length : value.length - newline - 1;
      if (lineBytes > MAX_LINE_BYTES) {
        await reader.cancel();
        throw malformed('holds a line without end');
      }
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
