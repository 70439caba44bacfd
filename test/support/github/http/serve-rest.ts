import type { IncomingMessage } from 'node:http';
import { checkAccess } from '../auth/access.js';
import { callerOf } from '../auth/caller.js';
import type { Limiter } from '../limits/limiter.js';
import { fullNameOf } from '../state/state.js';
import { complaintsOfAnswer, complaintsOfRequest } from '../validation/rest.js';
import type { World } from '../world.js';
import type { Answer, Call, Caller } from './call.js';
import { unchanged } from './conditional.js';
import { GitHubError, notFound } from './errors.js';
import type { Match } from './router.js';
import { maybeStale } from './stale.js';

export interface RestRequest {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly match: Match | undefined;
  readonly raw: Buffer;
}

export interface RestResult {
  readonly caller: Caller;
  readonly answer: Answer;
  readonly isLimited: boolean;
}

const parse = (raw: Buffer): unknown => {
  if (raw.length === 0) return undefined;
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    throw new GitHubError(400, 'Problems parsing JSON');
  }
};

/** Limits are counted for an installation, whatever its tokens, and for a person. */
export const accountOf = (caller: Caller): string => {
  if (caller.kind === 'installation') return `installation ${caller.installation.id}`;
  if (caller.kind === 'person') return `person ${caller.token.login}`;
  return caller.kind === 'app' ? `app ${caller.app.id}` : 'anonymous';
};

/** Access, then what the document says of the request, then the act, then what it says of the answer. */
async function act(world: World, caller: Caller, { request, url, match, raw }: RestRequest): Promise<Answer> {
  if (match === undefined) throw notFound();
  const { route, params } = match;
  const body = parse(raw);
  if (route.on === 'app' && caller.kind !== 'app') {
    throw new GitHubError(401, 'A JSON web token could not be decoded');
  }
  if (route.on !== 'app' && caller.kind === 'app' && route.on === 'repository') {
    throw new GitHubError(403, 'Resource not accessible by integration');
  }
  const complaints = complaintsOfRequest({ operation: route.operation, params, query: url.searchParams, body });
  world.complain(`request ${route.operation}`, complaints);
  const call: Call = {
    world,
    params,
    query: url.searchParams,
    // Validated just above; what is not an object is refused there.
    body: (body ?? {}) as Readonly<Record<string, unknown>>,
    caller,
    url,
  };
  if (route.on !== 'repository') {
    if (complaints.length > 0) throw invalid(complaints);
    return route.handle(call);
  }
  const { owner = '', repo = '' } = params;
  const former = world.state.formerNames.get(`${owner}/${repo}`.toLowerCase());
  const repository = world.state.repository(owner, repo);
  if (repository === undefined && former !== undefined) return moved(world, former, call, request.method);
  checkAccess(caller, repository, route);
  if (complaints.length > 0) throw invalid(complaints);
  return route.handle({ ...call, repository });
}

const invalid = (complaints: readonly string[]): GitHubError =>
  new GitHubError(422, 'Invalid request.', { errors: complaints });

/** A repository that was renamed is found under its number; what is no question keeps its method. */
function moved({ state, urls }: World, id: number, { params, url }: Call, method = 'GET'): Answer {
  const repository = state.repositoryById(id);
  const rest = url.pathname.split(`/${params.repo}`).slice(1).join(`/${params.repo}`);
  const location = `${urls.api}/repositories/${id}${rest}${url.search}`;
  const body = { message: 'Moved Permanently', url: location, documentation_url: 'https://docs.github.com/rest' };
  return {
    status: method === 'GET' ? 301 : 307,
    body: { ...body, name: fullNameOf(repository) },
    headers: { location },
  };
}

const refusalAnswer = (error: GitHubError): Answer => ({
  status: error.status,
  body: error.body(),
  headers: error.more.headers ?? {},
});

/** Answers a request to REST, its refusals and limits included. */
export async function serveRest(world: World, limiter: Limiter, rest: RestRequest): Promise<RestResult> {
  const { request, match } = rest;
  let caller: Caller = { kind: 'anonymous' };
  try {
    caller = callerOf(world, request.headers.authorization);
  } catch (error) {
    if (error instanceof GitHubError) return { caller, answer: refusalAnswer(error), isLimited: false };
    throw error;
  }
  const who = accountOf(caller);
  const createsContent = match?.route.createsContent === true;
  const refusal = limiter.enter(who, { method: request.method ?? 'GET', createsContent });
  let answer: Answer;
  if (refusal === undefined) {
    const fresh = (): Promise<Answer> => act(world, caller, rest);
    const isRead = request.method === 'GET';
    answer = await (isRead ? maybeStale(world, `${who} ${rest.url}`, fresh) : fresh()).catch((error: unknown) => {
      if (error instanceof GitHubError) return refusalAnswer(error);
      throw error;
    });
    if (match !== undefined) {
      const { operation } = match.route;
      world.complain(`answer of ${operation}`, complaintsOfAnswer(operation, answer.status, plain(answer.body)));
    }
  } else
    answer = refusalAnswer(limitError(refusal.kind, limiter.limits.saysRetryAfter ? refusal.retryAfterSeconds : null));
  const conditional = unchanged(request, answer);
  limiter.leave(who, conditional.status === 304);
  const { limit, used, remaining, reset } = limiter.view(who);
  const headers = {
    ...conditional.headers,
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-used': String(used),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': 'core',
  };
  return { caller, answer: { ...conditional, headers }, isLimited: refusal !== undefined };
}

/** As it comes out at the other end: `undefined` is not there. */
const plain = (body: unknown): unknown => (body === undefined ? undefined : JSON.parse(JSON.stringify(body)));

function limitError(kind: 'primary' | 'secondary', retryAfterSeconds: number | null): GitHubError {
  if (kind === 'primary') return new GitHubError(403, 'API rate limit exceeded for installation.');
  return new GitHubError(
    403,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    {
      headers: retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) },
    },
  );
}
