import { RequestError } from '@octokit/request-error';
import { Octokit } from '@octokit/rest';
import { Failure } from '../../../domain/failures.js';
import type { ForgePriority, ForgeRequest } from '../../../domain/forge/rate.js';
import type { ForgeLimiter } from '../limiter.js';
import { forgeFailure, rateAnswer } from './failures.js';
import type { RememberedAnswers } from './remembered-answers.js';

const ANSWER_MS = 30_000;
export const API_VERSION = '2022-11-28';

export interface ClientOptions {
  readonly apiUrl: string;
  /** Whose limits count. */
  readonly scope: string;
  readonly priority: ForgePriority;
  readonly limiter: ForgeLimiter;
  readonly remembered: RememberedAnswers;
  /** Absent: the request brings its own. */
  readonly authorise?: Authorise;
}

/** Value of the `authorization` header. `refused`: so was the one before, by an answer of this date. */
export type Authorise = (refused?: { readonly date: string | undefined }) => Promise<string>;

/**
 * An Octokit whose every request passes the shared limiter, has a deadline, and fails as `Failure`. It never repeats a
 * request: that is the engine's business. A GET that the forge has answered before costs nothing while nothing changed.
 */
export function createClient(options: ClientOptions): Octokit {
  const client = new Octokit({ baseUrl: options.apiUrl, userAgent: 'millwright', log: SILENT });
  client.hook.wrap('request', async (send, request) => {
    const { method, url } = request;
    await options.limiter.enter(options.scope, costOf(method, url, options.priority), request.request.signal);
    const { authorise } = options;
    if (authorise !== undefined) request.headers.authorization = await authorise();
    request.headers['x-github-api-version'] = API_VERSION;
    const deadline = AbortSignal.timeout(ANSWER_MS);
    const { signal } = request.request;
    // A copy: the client shares this object between its requests, and a deadline is of one.
    request.request = {
      ...request.request,
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    };
    // The whole request names the answer: its address is a template until it is sent.
    const key = `${options.scope} ${JSON.stringify(client.request.endpoint(request).url)}`;
    const known = method === 'GET' ? options.remembered.get(key) : undefined;
    if (known !== undefined) request.headers['if-none-match'] = known.etag;
    try {
      const answer = await sendAgain(request, authorise, async () => await send(request));
      await options.limiter.leave(options.scope, rateAnswer(answer.status, answer.headers, ''));
      requireJson(answer.status, answer.data, answer.headers['content-type']);
      if (method === 'GET') options.remembered.put(key, answer.headers.etag, answer);
      return answer;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!(error instanceof RequestError) || error.response === undefined) throw forgeFailure(error);
      if (error.status === 304 && known !== undefined)
        return structuredClone(known.answer) as Awaited<ReturnType<typeof send>>;
      const said = rateAnswer(error.status, error.response.headers, error.message);
      const pausedMs = await options.limiter.leave(options.scope, said);
      throw forgeFailure(error, said.isLimited ? pausedMs : undefined);
    }
  });
  return client;
}

/** A token may be revoked behind our back; a request that was refused for it has had no effect. */
async function sendAgain<T>(
  request: { readonly headers: { authorization?: string | undefined } },
  authorise: Authorise | undefined,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== 401 || authorise === undefined) throw error;
    const fresh = await authorise({ date: error.response?.headers.date });
    if (fresh === request.headers.authorization) throw error;
    request.headers.authorization = fresh;
    return await send();
  }
}

/**
 * What the forge's published limits count. GitHub does not say which requests generate content: counted is whatever
 * makes something that people see, which is more rather than less; its own merges notify people, so they count too.
 * @see https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export const costOf = (method: string, url: string, priority: ForgePriority): ForgeRequest => ({
  points: method === 'GET' || method === 'HEAD' ? 1 : 5,
  creates: method === 'POST' ? !MAKES_NOTHING.test(url) : method === 'PUT' && /\/merge$/.test(url),
  priority,
});

const MAKES_NOTHING = /\/(?:access_tokens|attempts|conversions|rerequest|rerun|rerun-failed-jobs)$/;

/** A proxy's page with status 200, or an answer that was cut, is none. */
function requireJson(status: number, data: unknown, contentType: string | undefined): void {
  if (status === 204 || status === 205 || status === 302) return;
  const isJson = /^application\/(?:[\w.-]+\+)?json/.test(contentType ?? '');
  if (isJson ? typeof data === 'object' : /^text\/plain/.test(contentType ?? '')) return;
  throw new Failure('Unavailable', 'the forge answered something that is no JSON', { reason: 'FORGE' });
}

const silent = (): void => undefined;
/** Octokit writes deprecations to the console otherwise, with addresses. */
export const SILENT = { debug: silent, info: silent, warn: silent, error: silent };
