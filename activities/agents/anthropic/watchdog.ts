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
  readonly #limits: StreamLimits;
  readonly #abort = new AbortController();
  readonly #total: NodeJS.Timeout;
  #silence: NodeJS.Timeout;
  #content: NodeJS.Timeout;
  #reason: string | undefined;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
    this.#total = this.#in(limits.totalMs, `did not end within ${seconds(limits.totalMs)}`);
    this.#silence = this.#armSilence();
    this.#content = this.#armContent();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it aborted, as the end of a sentence about the model; undefined while it has not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  sawByte(): void {
    clearTimeout(this.#silence);
    this.#silence = this.#armSilence();
  }

  sawContent(): void {
    clearTimeout(this.#content);
    this.#content = this.#armContent();
  }

  stop(): void {
    for (const timer of [this.#total, this.#silence, this.#content]) clearTimeout(timer);
  }

  #armSilence(): NodeJS.Timeout {
    return this.#in(this.#limits.silenceMs, `sent no byte for ${seconds(this.#limits.silenceMs)}`);
  }

  #armContent(): NodeJS.Timeout {
    return this.#in(this.#limits.contentMs, `sent nothing but pings for ${seconds(this.#limits.contentMs)}`);
  }

  #in(ms: number, reason: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#reason ??= reason;
      this.#abort.abort();
    }, ms);
  }
}

/** The same response, whose body reports every chunk. */
export function watchBody(response: Response, onBytes: () => void): Response {
  if (!response.body) return response;
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        onBytes();
        controller.enqueue(chunk);
      },
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
