import { randomUUID } from 'node:crypto';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '../../infra/logging.js';
import { toAnswer } from './problem.js';
import type { HttpReply, HttpRequest } from './server.js';

/** Turns whatever a route throws into `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const reply = http.getResponse<HttpReply>();
    const logId = randomUUID();
    const { problem, headers, isUnexpected } = toAnswer(error, logId);
    if (isUnexpected) {
      this.logger.error(
        { err: error, logId, method: request.method, route: request.routeOptions.url },
        'request failed',
      );
    }
    // A stream that has begun cannot change its status any more.
    if (reply.sent) return;
    void reply // sent by Fastify; nothing waits for it
      .code(problem.status)
      .headers(headers)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .serializer((body) => JSON.stringify(body))
      .send(problem);
  }
}
