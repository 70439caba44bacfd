import Anthropic from '@anthropic-ai/sdk';
import type { Stream } from '@anthropic-ai/sdk/streaming';
import { Failure } from '../../../domain/failures.js';
import { BROKER_ORIGIN, type Fetch } from '../../sandbox/broker.js';
import type { ModelPort } from '../model-port.js';
import { ReplyAccumulator } from './accumulate.js';
import { toModelFailure } from './classify.js';
import { STREAM_LIMITS, type StreamLimits, Watchdog, watchBody } from './watchdog.js';

export interface AnthropicModelDeps {
  /** The broker's: adds the key, fixes the endpoint. */
  readonly fetch: Fetch;
  readonly limits?: StreamLimits;
}

/** Everything that the SDK would otherwise read from the environment is given, so that it reads nothing there. */
const clientWith = (fetch: Fetch, timeoutMs: number): Anthropic =>
  new Anthropic({
    baseURL: BROKER_ORIGIN,
    apiKey: 'held-by-the-broker',
    webhookKey: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    openTelemetry: false,
    fetch,
  });

/** The Messages API through the vendor's SDK, streaming, without its retries: Temporal owns those. */
export const createAnthropicModel = ({ fetch, limits = STREAM_LIMITS }: AnthropicModelDeps): ModelPort => ({
  async complete({ body }, signal) {
    signal.throwIfAborted();
    const watchdog = new Watchdog(limits);
    const client = clientWith(
      async (url, init) => watchBody(await fetch(url, init), () => watchdog.sawByte()),
      limits.totalMs,
    );
    try {
      const reply = new ReplyAccumulator();
      // The body is sent as it stands: a transcript of hundreds of kilobytes is not encoded again for every call.
      const stream = await client.post<Stream<Anthropic.RawMessageStreamEvent>>('/v1/messages', {
        body,
        headers: { 'content-type': 'application/json' },
        stream: true,
        signal: AbortSignal.any([signal, watchdog.signal]),
      });
      for await (const event of stream) if (reply.take(event)) watchdog.sawContent();
      // An aborted stream ends without an error, so silence is asked for its reason first.
      throwIfStopped(signal, watchdog);
      return reply.finish();
    } catch (error) {
      throwIfStopped(signal, watchdog);
      throw toModelFailure(error);
    } finally {
      watchdog.stop();
    }
  },
});

function throwIfStopped(signal: AbortSignal, watchdog: Watchdog): void {
  signal.throwIfAborted();
  if (watchdog.reason !== undefined) throw new Failure('Unavailable', `The model ${watchdog.reason}.`);
}
