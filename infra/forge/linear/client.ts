import { Failure } from '../../../domain/failures.js';
import { type ForgePriority, LINEAR_RATES, type RateRules } from '../../../domain/forge/rate.js';
import type { LinearCredentials } from '../../config/linear.js';
import { errorReason } from '../../errors.js';
import type { Pools } from '../../pg/pools.js';
import { ForgeLimiter } from '../limiter.js';
import { type Authorization, authorizationOf } from './authorization.js';
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
  private readonly authorization: Authorization;

  constructor(
    private readonly settings: LinearSettings,
    private readonly limit?: Limit,
  ) {
    this.authorization = authorizationOf(settings.identity, settings.apiUrl);
  }

  async ask<Answer, Variables extends object>(
    document: Document<Answer, Variables>,
    variables: Variables,
    asking: Asking,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const header = await this.authorization.header();
      try {
        return await this.askAs(header, document, variables, asking);
      } catch (error) {
        if (!isRefused(error)) throw error;
        const isOver = !this.authorization.forget(header) || attempt > 1;
        if (isOver) throw explained(error, this.settings.identity);
        // What was refused for its token did not happen, and is sent again with another one.
      }
    }
  }

  private async askAs<Answer, Variables extends object>(
    header: string,
    document: Document<Answer, Variables>,
    variables: Variables,
    { priority, signal }: Asking,
  ): Promise<Answer> {
    const { scope } = this.authorization;
    await this.limit?.enter(scope, { points: 1, creates: document.creates, priority }, signal);
    const { response, errors, data } = await this.send(header, document, variables, signal);
    const failure = response.ok && errors.length === 0 && data ? undefined : linearFailure(response.status, errors);
    const isLimited = failure?.type === 'RateLimited';
    const said = linearRate(isLimited, response.headers, Date.now());
    const pausedMs = await this.limit?.leave(scope, said);
    if (failure === undefined) return data as Answer; // a test holds its type to the published schema
    if (!isLimited) throw failure;
    const retryAfterMs = pausedMs ?? said.retryAfterMs ?? ANSWER_MS;
    throw new Failure('RateLimited', failure.message, failure.details, { retryAfterMs });
  }

  private async send<Answer, Variables extends object>(
    header: string,
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
          authorization: header,
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

const isRefused = (error: unknown): error is Failure =>
  error instanceof Failure && error.type === 'PermissionDenied' && error.details.reason === 'CREDENTIALS';

/** Linear does not say which of them it was. */
const MAY_BE: Readonly<Record<LinearCredentials['kind'], string>> = {
  key: 'the key was revoked, or its owner left',
  token: 'the token was revoked, or its day is over: see docs/linear.md',
  app: 'the application was taken out of the workspace',
};

const explained = ({ type, message, details }: Failure, { kind }: LinearCredentials): Failure =>
  new Failure(type, `${message} (${MAY_BE[kind]})`, details);

/** A proxy's page is none. */
function answerOf(text: string): { readonly errors: readonly LinearError[]; readonly data: unknown } {
  try {
    const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown }; // each is checked here
    return { data, errors: Array.isArray(errors) ? errors.filter((one) => typeof one === 'object' && one) : [] };
  } catch {
    return { data: undefined, errors: [] };
  }
}
