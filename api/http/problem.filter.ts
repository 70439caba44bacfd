import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '../../infra/logging.js';
import { sendProblem } from './send-problem.js';
import type { HttpReply, HttpRequest } from './server.js';

/** Turns whatever a route throws into `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(this.logger, {
      error,
      request: http.getRequest<HttpRequest>(),
      reply: http.getResponse<HttpReply>(),
    });
  }
}
