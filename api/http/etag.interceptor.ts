import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { formatEtag, type RowVersion } from './etag.js';
import type { HttpReply, HttpRequest } from './server.js';

/** Adds `ETag` to an answer that carries version and revision, and `Location` to one that tells of something new. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method } = http.getRequest<HttpRequest>();
    const reply = http.getResponse<HttpReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        if (isVersioned(body)) reply.header('etag', formatEtag(body));
        if (method === 'POST' && reply.statusCode === 201 && hasSelf(body)) reply.header('location', body.links.self);
        return body;
      }),
    );
  }
}

const isVersioned = (body: unknown): body is RowVersion =>
  typeof body === 'object' &&
  body !== null &&
  typeof (body as Partial<RowVersion>).version === 'number' &&
  typeof (body as Partial<RowVersion>).revision === 'number';

const hasSelf = (body: unknown): body is { readonly links: { readonly self: string } } =>
  typeof (body as { links?: { self?: unknown } } | null)?.links?.self === 'string';
