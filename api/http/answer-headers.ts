import { formatEtag, type RowVersion } from './etag.js';
import type { HttpReply, HttpRequest, HttpServer } from './server.js';

/**
 * Adds `ETag` to an answer that carries version and revision, and `Location` to one that tells of something new. A hook
 * of the server, not an interceptor: the chain of observables around every read would cost more than the read's own code.
 */
export const installAnswerHeaders = (server: HttpServer): void => {
  server.addHook('preSerialization', (request, reply, body, done) => {
    addHeaders(request, reply, body);
    done(null, body);
  });
};

const addHeaders = ({ method }: Pick<HttpRequest, 'method'>, reply: HttpReply, body: unknown): void => {
  if (isVersioned(body)) reply.header('etag', formatEtag(body));
  if (method === 'POST' && reply.statusCode === 201 && hasSelf(body)) reply.header('location', body.links.self);
};

const isVersioned = (body: unknown): body is RowVersion =>
  typeof body === 'object' &&
  body !== null &&
  typeof (body as Partial<RowVersion>).version === 'number' &&
  typeof (body as Partial<RowVersion>).revision === 'number';

const hasSelf = (body: unknown): body is { readonly links: { readonly self: string } } =>
  typeof (body as { links?: { self?: unknown } } | null)?.links?.self === 'string';
