import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Failure } from '../../domain/failures.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { requestHash } from './idempotency-key.js';
import { ApiError } from './problem.js';
import type { HttpReply, HttpRequest } from './server.js';

/** A POST with an Idempotency-Key runs once; a repeat gets the answer of the first. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly keys: IdempotencyRepository) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const { keyId, idempotencyKey: key } = request.caller ?? {};
    if (keyId === undefined || key === undefined) return next.handle();
    const hash = requestHash(request.method, request.url, request.body);
    return from(this.runOnce({ keyId, key, hash }, http.getResponse<HttpReply>(), next));
  }

  private async runOnce(
    keyed: { readonly keyId: string; readonly key: string; readonly hash: string },
    reply: HttpReply,
    next: CallHandler,
  ): Promise<unknown> {
    const claim = await this.keys.claim(keyed);
    switch (claim.kind) {
      case 'done':
        reply.code(claim.status).header('idempotency-replayed', 'true');
        return claim.body;
      case 'other_request':
        throw new ApiError('IdempotencyKeyReused', 'This Idempotency-Key was used for another request.');
      case 'running':
        throw new Failure('Conflict', 'The first request with this Idempotency-Key is still running.', {}, claim);
      case 'mine':
        return this.run(keyed, reply, next);
    }
  }

  private async run(keyed: { keyId: string; key: string; hash: string }, reply: HttpReply, next: CallHandler) {
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle());
    } catch (error) {
      // The row's lock ends by itself when even this fails.
      await this.keys.release(keyed).catch(() => {});
      throw error;
    }
    await this.keys.finish(keyed, reply.statusCode, body);
    return body;
  }
}
