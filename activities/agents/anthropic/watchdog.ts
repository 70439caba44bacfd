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
 * The same response, whose body reports every chunk and fails with MalformedReply in a line without end. Of a stream it
 * does so to whoever iterates over the body, as the SDK does: a second stream around the first costs as much as reading
 * a reply of two hundred pieces.
 */
export function watchBody(response: Response, onBytes: () => void): Response {
  const { body, ok, status, statusText, headers } = response;
  if (!body) return response;
  if (ok) return Object.defineProperty(response, 'body', { value: watched(body, onBytes) });
  // An error document is read as text, past the property.
  return new Response(ReadableStream.from(watched(body, onBytes)), { status, statusText, headers });
}

const watched = (body: ReadableStream<Uint8Array>, onBytes: () => void): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    const reader = body.getReader();
    let lineBytes = 0;
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        onBytes();
        const newline = read.value.lastIndexOf(NEWLINE);
        lineBytes = newline < 0 ? lineBytes + read.value.length : read.value.length - newline - 1;
        if (lineBytes > MAX_LINE_BYTES) throw malformed('holds a line without end');
        yield read.value;
      }
    } finally {
      // Whoever stops early wants no more of it; after the end this does nothing.
      await reader.cancel();
    }
  },
});
