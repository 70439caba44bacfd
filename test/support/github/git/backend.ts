import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAtLeast, permits, roleOf, sees } from '../auth/access.js';
import { callerOf } from '../auth/caller.js';
import { type Caller, loginOf, slugOf } from '../http/call.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import { movingRefs } from './after-push.js';
import { runCgi } from './cgi.js';
import { writePushRules } from './rules.js';
import { GIT_ENVIRONMENT } from './run.js';

export interface GitRequest {
  readonly owner: string;
  readonly name: string;
  /** Below the repository: `/info/refs`, `/git-upload-pack`, `/git-receive-pack`. */
  readonly rest: string;
  readonly isPush: boolean;
}

const PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?(\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/;

export function gitRequestOf(url: URL): GitRequest | undefined {
  const [, owner, name, rest] = PATH.exec(url.pathname) ?? [];
  if (owner === undefined || name === undefined || rest === undefined) return undefined;
  const service = url.searchParams.get('service') ?? rest.slice(1);
  return { owner, name, rest, isPush: service === 'git-receive-pack' };
}

interface Refusal {
  readonly status: number;
  readonly text: string;
}

function whyNot(caller: Caller, repository: Repository | undefined, isPush: boolean): Refusal | undefined {
  if (caller.kind === 'anonymous') {
    const isOpen = repository !== undefined && !repository.isPrivate && !isPush;
    return isOpen ? undefined : { status: 401, text: 'No anonymous access.\n' };
  }
  const missing = { status: 404, text: 'Repository not found.\n' };
  if (repository === undefined || !sees(caller, repository)) return missing;
  const noWrite = { status: 403, text: 'Write access to repository not granted.\n' };
  if (caller.kind === 'installation') {
    const may = (need: 'contents:read' | 'contents:write'): boolean =>
      permits(caller.token.permissions ?? {}, need) && permits(caller.installation.permissions, need);
    if (!may('contents:read')) return missing;
    if (isPush && !may('contents:write')) return noWrite;
  } else if (isPush && !isAtLeast(roleOf(repository, loginOf(caller)), 'write')) return noWrite;
  if (isPush && repository.isArchived) {
    return { status: 403, text: 'This repository was archived so it is read-only.\n' };
  }
  return undefined;
}

const callerOrNobody = (world: World, authorization: string | undefined): Caller => {
  try {
    return callerOf(world, authorization);
  } catch {
    return { kind: 'anonymous' }; // to git a bad token is no token: it is asked for another
  }
};

/** Serves a clone, fetch or push by git's own CGI. Answers who asked, for the record. */
export async function serveGit(
  world: World,
  asked: GitRequest,
  {
    request,
    response,
    url,
  }: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly url: URL },
): Promise<Caller> {
  const { state } = world;
  const caller = callerOrNobody(world, request.headers.authorization);
  const former = state.formerNames.get(`${asked.owner}/${asked.name}`.toLowerCase());
  const named = state.repository(asked.owner, asked.name);
  const repository = named ?? (former === undefined ? undefined : state.repositoryById(former));
  const refusal = whyNot(caller, repository, asked.isPush);
  if (refusal !== undefined || repository === undefined) {
    const { status = 404, text = '' } = refusal ?? {};
    const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
    response.writeHead(status, { 'content-type': 'text/plain', ...challenge }).end(text);
    return caller;
  }
  if (named === undefined && asked.rest === '/info/refs') {
    response.writeHead(301, { location: `/${fullNameOf(repository)}.git${asked.rest}${url.search}` }).end();
    return caller;
  }
  const login = loginOf(caller);
  const cgi = (env: Readonly<Record<string, string>>): Promise<void> =>
    runCgi({
      request,
      response,
      env: { ...cgiEnvironment(repository, asked, request, url), REMOTE_USER: login, ...env },
    });
  if (asked.rest !== '/git-receive-pack') {
    await cgi({});
    return caller;
  }
  const rules = writePushRules(world, repository, { login, slug: slugOf(caller) });
  const isBlind = caller.kind === 'installation' && !permits(caller.token.permissions ?? {}, 'workflows:write');
  try {
    await movingRefs(world, { repository, login }, () =>
      cgi({ PUSH_RULES: rules.file, ...(isBlind ? { PUSH_REFUSES_WORKFLOWS: '1' } : {}) }),
    );
  } finally {
    rules.remove();
  }
  return caller;
}

const cgiEnvironment = (
  repository: Repository,
  asked: GitRequest,
  request: IncomingMessage,
  url: URL,
): Readonly<Record<string, string>> => ({
  ...GIT_ENVIRONMENT,
  GIT_PROJECT_ROOT: repository.directory,
  GIT_HTTP_EXPORT_ALL: '1',
  PATH_INFO: asked.rest,
  QUERY_STRING: url.search.slice(1),
  REQUEST_METHOD: request.method ?? 'GET',
  CONTENT_TYPE: request.headers['content-type'] ?? '',
  REMOTE_ADDR: '127.0.0.1',
  GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
  ...(request.headers['content-length'] ? { CONTENT_LENGTH: request.headers['content-length'] } : {}),
});
