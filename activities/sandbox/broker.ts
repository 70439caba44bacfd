import { Failure } from '../../domain/failures.js';
import { type ModelCredentials, modelCredentials } from '../../infra/config.js';
import { scrubbed } from './scrub.js';

export type Fetch = typeof globalThis.fetch;

/** What the in-process front serves; everything else is refused. No resolver knows the name, on purpose. */
export const BROKER_ORIGIN = 'https://model.broker.invalid';
const VENDOR_HOST = 'api.anthropic.com';
const ALLOWED_PATHS: ReadonlySet<string> = new Set(['/v1/messages']);
const PASSED_HEADERS = ['accept', 'anthropic-beta', 'anthropic-version', 'content-type', 'user-agent'];

/**
 * A `fetch` that adds the model key on the way out and serves one endpoint, fixed by configuration. Its caller never
 * holds the key: authorisation that the caller sets is dropped, redirects are not followed, and the key is blotted out
 * of what comes back.
 * @throws PermissionDenied for any other address, Unavailable when the endpoint redirects
 */
export function createBrokerFetch(
  credentials: ModelCredentials = modelCredentials(),
  send: Fetch = globalThis.fetch,
): Fetch {
  const endpoint = credentials.baseUrl.replace(/\/+$/, '');
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== BROKER_ORIGIN || !ALLOWED_PATHS.has(url.pathname) || init.method !== 'POST') {
      throw new Failure('PermissionDenied', `The model broker does not serve ${init.method ?? 'GET'} ${url.pathname}.`);
    }
    // Asking the vendor without a key would be retried for hours behind a broken network.
    if (credentials.apiKey === undefined && new URL(endpoint).hostname === VENDOR_HOST) {
      throw new Failure(
        'PermissionDenied',
        'No model key is configured: set ANTHROPIC_API_KEY and start Millwright again (millwright down, millwright up).',
      );
    }
    const headers = passed(new Headers(init.headers));
    if (credentials.apiKey !== undefined) headers.set('x-api-key', credentials.apiKey);
    const response = await send(`${endpoint}${url.pathname}`, { ...init, headers, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new Failure('Unavailable', 'The model endpoint redirects, which is not followed with a key in hand.');
    }
    return scrubbed(response, credentials.apiKey);
  };
}

const passed = (all: Headers): Headers =>
  new Headers(
    PASSED_HEADERS.flatMap((name) => (all.has(name) ? [[name, all.get(name) ?? ''] as [string, string]] : [])),
  );
