import { createHash } from 'node:crypto';
import { Failure } from '../../../domain/failures.js';
import { type ForgePriority, LINEAR_RATES, type RateRules } from '../../../domain/forge/rate.js';
import type { LinearCredentials } from '../../config/linear.js';
import { errorReason } from '../../errors.js';
import type { Pools } from '../../pg/pools.js';
import { ForgeLimiter } from '../limiter.js';
import type { Document } from './document.js';
import { type LinearError, linearFailure, linearRate } from './failures.js';

const ANSWER_MS = 30_000;

export interface LinearSettings {
  /** Of the GraphQL endpoint. */
  readonly apiUrl: string;
  readonly identity: LinearCredentials;
}

/** The limit that all workers share; the command line, which asks a few questions, has none. */
type Limit = Pick<ForgeLimiter, 'enter' | 'leave'>;

export interface Asking {
  readonly priority: ForgePriority;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends documents to Linear. Each passes the shared limit, has a deadline, is sent once and fails as `Failure`:
 * repeating is the engine's business.
 */
export class LinearClient {
  private readonly scope: string;

  constructor(
    private readonly settings: LinearSettings,
    private readonly limit?: Limit,
  ) {
    const { secret } = settings.identity;
    this.scope = `linear/${createHash('sha256').update(secret).digest('hex').slice(0, 12)}`;
  }

  async ask<Answer, Variables extends object>(
    document: Document<Answer, Variables>,
    variables: Variables,
    { priority, signal }: Asking,
  ): Promise<Answer> {
    await this.limit?.enter(this.scope, { points: 1, creates: document.creates, priority }, signal);
    const { response, errors, data } = await this.send(document, variables, signal);
    const failure = response.ok && errors.length === 0 && data ? undefined : linearFailure(response.status, errors);
    const isLimited = failure?.type === 'RateLimited';
    const said = linearRate(isLimited, response.headers, Date.now());
    const pausedMs = await this.limit?.leave(this.scope, said);
    if (failure === undefined) return data as Answer; // a test holds its type to the published schema
    if (!isLimited) throw failure;
    const retryAfterMs = pausedMs ?? said.retryAfterMs ?? ANSWER_MS;
    throw new Failure('RateLimited', failure.message, failure.details, { retryAfterMs });
  }

  private async send<Answer, Variables extends object>(
    { text: query, name: operationName }: Document<Answer, Variables>,
    variables: Variables,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly response: Response; readonly errors: readonly LinearError[]; readonly data: unknown }> {
    const deadline = AbortSignal.timeout(ANSWER_MS);
    try {
      const response = await fetch(this.settings.apiUrl, {
        method: 'POST',
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'millwright',
          authorization: authorizationOf(this.settings.identity),
        },
        body: JSON.stringify({ query, operationName, variables }),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      return { response, ...answerOf(await response.text()) };
    } catch (error) {
      signal?.throwIfAborted();
      // The cause may hold the request, and with it the key.
      throw new Failure('Unavailable', `Linear did not answer: ${errorReason(error)}`, { reason: 'FORGE' });
    }
  }
}

/** As all workers use it. */
export const limitedClient = (settings: LinearSettings, pools: Pools, rules: RateRules = LINEAR_RATES): LinearClient =>
  new LinearClient(settings, new ForgeLimiter(pools, rules));

/** A personal key goes as it is; a token of OAuth says that it is one. */
const authorizationOf = ({ kind, secret }: LinearCredentials): string => (kind === 'key' ? secret : `Bearer ${secret}`);

/** A proxy's page is none. */
function answerOf(text: string): { readonly errors: readonly LinearError[]; readonly data: unknown } {
  try {
    const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown }; // each is checked here
    return { data, errors: Array.isArray(errors) ? errors.filter((one) => typeof one === 'object' && one) : [] };
  } catch {
    return { data: undefined, errors: [] };
  }
}
