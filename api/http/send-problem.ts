import { randomUUID } from 'node:crypto';
import type { Logger } from '../../infra/logging.js';
import { toAnswer } from './problem.js';
import type { HttpReply, HttpRequest } from './server.js';

export interface Thrown {
  readonly error: unknown;
  readonly request: Pick<HttpRequest, 'method' | 'routeOptions'>;
  readonly reply: HttpReply;
}

/** Answers whatever a route threw as `application/problem+json`, and logs what is our own error. */
export const sendProblem = (logger: Logger, { error, request, reply }: Thrown): void => {
  const logId = randomUUID();
  const { problem, headers, isUnexpected } = toAnswer(error, logId);
  if (isUnexpected) {
    logger.error({ err: error, logId, method: request.method, route: request.routeOptions.url }, 'request failed');
  }
  // A stream that has begun cannot change its status any more.
  if (reply.sent) return;
  void reply // sent by Fastify; nothing waits for it
    .code(problem.status)
    .headers(headers)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((body) => JSON.stringify(body))
    .send(problem);
};
