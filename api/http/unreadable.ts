import type { Socket } from 'node:net';
import { Failure } from '../../domain/failures.js';
import { httpProblem, type Problem, toAnswer } from './problem.js';
import type { HttpReply } from './server.js';

const PROBLEM = 'application/problem+json; charset=utf-8';

/** Answers what Fastify refuses before it has found a route: a path that is no text, or a part that is too long. */
export const answerUnroutable = (_error: Error, _request: unknown, reply: HttpReply): void => {
  const { problem } = toAnswer(new Failure('InvalidInput', 'The path of the request cannot be read.'), '');
  reply.raw.writeHead(problem.status, { 'content-type': PROBLEM, 'cache-control': 'no-store' });
  reply.raw.end(JSON.stringify(problem));
};

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what Node could not read as HTTP, and ends the connection: nobody knows where the next request would begin. */
export const answerUnparsed = (error: NodeJS.ErrnoException, socket: Socket): void => {
  // The client is gone already.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  // An answer that has begun cannot be followed by another.
  if (socket.writable && socket.bytesWritten === 0) socket.write(wireOf(httpProblem(STATUS[error.code ?? ''] ?? 400)));
  socket.destroy();
};

const wireOf = (problem: Problem): string => {
  const body = JSON.stringify(problem);
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: ${PROBLEM}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
};
