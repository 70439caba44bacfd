import type { ServerResponse } from 'node:http';
import { Failure } from '../../domain/failures.js';
import { isPublicRoute, neededRole, type Route } from '../auth/access-table.js';
import { type Caller, hasRole } from '../auth/caller.js';
import type { KeyRing } from '../auth/key-ring.js';
import { readIdempotencyKey } from './idempotency-key.js';
import type { RequestMeter } from './limits.js';
import { onceClosed } from './once-closed.js';
import { ApiError } from './problem.js';
import type { HttpRequest, HttpServer } from './server.js';

export interface GateOptions {
  readonly keys: KeyRing;
  /** Host names (no port) that a request may be addressed to; anything else is DNS rebinding. */
  readonly allowedHosts: readonly string[];
  readonly meter: RequestMeter;
}

type PlainRequest = Omit<HttpRequest, 'caller'>;

/** What every request passes before its body is read: host, origin, rate, key, role. */
export const installGate = (server: HttpServer, { keys, allowedHosts, meter }: GateOptions): void => {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  server.decorateRequest('caller', null);
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(isDocsPage(request) ? DOCS_HEADERS : HEADERS);
    if (!hosts.has(hostName(request.headers.host ?? ''))) {
      throw new Failure('PermissionDenied', 'This host name is not served here.');
    }
    checkOnce(request);
    checkOrigin(request, hosts);
    meter.fromAddress(request.ip);
    const route = matchedRoute(request);
    if (route === undefined || isPublicRoute(route)) return;
    const caller = await identify(request, keys, meter);
    const leave = meter.ofKey(caller.keyId, isStream(route));
    // However it ends: answered, broken off, or a stream whose reader has gone.
    onceClosed(reply.raw, leave);
    // `decorateRequest` above made the field.
    (request as HttpRequest).caller = caller;
    if (isStream(route)) endWithKey(reply.raw, () => keys.isLive(caller.keyId));
    const needed = neededRole(route);
    if (needed === undefined || !hasRole(caller, needed)) {
      throw new Failure(
        'PermissionDenied',
        `This needs the role ${needed ?? 'nobody has'}; the key is ${caller.role}.`,
      );
    }
  });
};

const LOOK_AT_KEY_MS = 1_000;

/** A stream ends with the key that opened it, revoked or expired. */
const endWithKey = (response: ServerResponse, isLive: () => Promise<boolean>): void => {
  const timer = setInterval(() => {
    isLive().then(
      (live) => {
        if (!live) response.end();
      },
      () => {}, // the database does not answer: looked at again in a moment
    );
  }, LOOK_AT_KEY_MS);
  onceClosed(response, () => clearInterval(timer));
};

/** The route's pattern, or undefined when none matched. */
const matchedRoute = (request: PlainRequest): Route | undefined =>
  request.is404 || request.routeOptions.url === undefined
    ? undefined
    : { method: request.method, url: request.routeOptions.url };

const identify = async (request: PlainRequest, keys: KeyRing, meter: RequestMeter): Promise<Caller> => {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw new ApiError('Unauthenticated', 'Send an API key as Authorization: Bearer.');
  const key = await keys.find(token);
  if (key === undefined) {
    meter.wrongKey(request.ip);
    throw new ApiError('Unauthenticated', 'The API key is not valid.');
  }
  return {
    keyId: key.id,
    by: key.name,
    role: key.role,
    scope: key.scope,
    ip: request.ip,
    cursorSecret: key.hash,
    idempotencyKey: readIdempotencyKey(request.headers['idempotency-key']),
  };
};

/** Names of a query that no route has, and that parsers treat each in its own way. */
const FORBIDDEN_NAMES = ['__proto__', 'constructor', 'prototype'];

const ONCE = [
  ['host', 'names one host'],
  ['authorization', 'brings one key'],
] as const;

/** What two readers of one request could understand differently. */
const checkOnce = ({ raw, url }: PlainRequest): void => {
  for (const [name, what] of ONCE) {
    let times = 0;
    // Names and values take turns.
    for (let at = 0; at < raw.rawHeaders.length; at += 2) {
      const header = raw.rawHeaders[at] ?? '';
      if (header.length === name.length && header.toLowerCase() === name) times += 1;
    }
    if (times > 1) throw new Failure('InvalidInput', `A request ${what}.`);
  }
  const at = url.indexOf('?');
  if (at >= 0 && [...new URLSearchParams(url.slice(at)).keys()].some((name) => FORBIDDEN_NAMES.includes(name))) {
    throw new Failure('InvalidInput', 'The query holds a name that is not allowed.');
  }
};

/** A page of another site may neither read nor write, whatever credentials its visitor holds. */
const checkOrigin = (request: PlainRequest, hosts: ReadonlySet<string>): void => {
  const { origin } = request.headers;
  if (origin === undefined) return;
  if (!URL.canParse(origin) || !hosts.has(hostName(new URL(origin).host))) {
    throw new Failure('PermissionDenied', 'Requests from this origin are not allowed.');
  }
};

/** `[::1]:80` → `::1`, `Example.com:80` → `example.com`. */
const hostName = (host: string): string =>
  host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');

const isStream = ({ url }: Route): boolean => url.endsWith('/events/stream') || url.endsWith('/runs/:id/events');

const isDocsPage = (request: PlainRequest): boolean => request.url.startsWith('/api/docs');

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Swagger UI sets styles from its scripts; all of its files come from here. */
const DOCS_HEADERS = {
  ...HEADERS,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
};
