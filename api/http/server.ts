import type { AbstractHttpAdapter } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Caller } from '../auth/caller.js';

// Fastify's own types, taken from the adapter: fastify is its dependency, not ours.

type Parts =
  FastifyAdapter extends AbstractHttpAdapter<infer _Server, infer Request, infer Reply>
    ? { readonly request: Request; readonly reply: Reply }
    : never;

export type HttpServer = ReturnType<FastifyAdapter['setErrorHandler']>;

export type HttpRequest = Parts['request'] & {
  /** Set by the gate on every route that is not public. */
  caller: Caller | null;
};

export type HttpReply = Parts['reply'];
