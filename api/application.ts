import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Failure } from '../domain/failures.js';
import { appModule } from './app.module.js';
import { accessGaps, type Route } from './auth/access-table.js';
import { KeyRing } from './auth/key-ring.js';
import type { ApiDependencies } from './dependencies.js';
import { installAnswerHeaders } from './http/answer-headers.js';
import { installGate } from './http/gate.js';
import { parseJsonBody } from './http/json-body.js';
import { REQUEST_LIMITS, RequestMeter } from './http/limits.js';
import type { HttpServer } from './http/server.js';
import { answerUnparsed, answerUnroutable } from './http/unreadable.js';
import { makeDocument } from './openapi/document.js';
import { serveDocument } from './openapi/serve.js';
import { installGithubWebhooks } from './webhooks/github.route.js';
import { installLinearWebhooks } from './webhooks/linear.route.js';

const MIB = 1024 * 1024;
const BODY_BYTES = 8 * MIB;

export interface Application {
  readonly app: NestFastifyApplication;
  /** Every route of the router, as it was registered. */
  readonly routes: readonly Route[];
}

/**
 * Builds the API without listening.
 * @throws Internal when a route has no role, or the table of roles names a route that is not there
 */
export const createApplication = async (dependencies: ApiDependencies): Promise<Application> => {
  const { trustedProxies = [] } = dependencies.settings;
  const adapter = new FastifyAdapter({
    // Rates are kept by address: behind a proxy all clients would share one.
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: BODY_BYTES,
    routerOptions: { maxParamLength: 700 },
    requestTimeout: 30_000,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    return503OnClosing: true,
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnparsed,
  });
  const server: HttpServer = adapter.getInstance();
  const routes = collectRoutes(server);
  installGate(server, {
    keys: new KeyRing(dependencies.pools.reads),
    allowedHosts: dependencies.settings.allowedHosts,
    meter: new RequestMeter({ ...REQUEST_LIMITS, ...dependencies.settings.requestLimits }),
  });
  installAnswerHeaders(server);
  installJsonParser(server);
  const { webhooks, linearWebhooks } = dependencies.settings;
  const hooks = { writes: dependencies.pools.writes, logger: dependencies.logger };
  installGithubWebhooks(server, { ...hooks, settings: webhooks ?? { secrets: () => [] } });
  installLinearWebhooks(server, { ...hooks, settings: linearWebhooks ?? { secrets: () => [] } });
  const app = await NestFactory.create<NestFastifyApplication>(appModule(dependencies), adapter, {
    bodyParser: false,
    logger: false, // what goes wrong is thrown, or logged by the filter
    abortOnError: false,
  });
  serveDocument(server, makeDocument(app));
  await app.init();
  await server.ready();
  const gaps = accessGaps(routes);
  if (gaps.length > 0) throw new Failure('Internal', `Routes and roles differ: ${gaps.join('; ')}`);
  return { app, routes };
};

const collectRoutes = (server: HttpServer): readonly Route[] => {
  const routes: Route[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of Array.isArray(method) ? method : [method]) routes.push({ method: one, url });
  });
  return routes;
};

/** Nothing but uncompressed JSON is read; any other content type is answered 415. */
const installJsonParser = (server: HttpServer): void => {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      if (request.headers['content-encoding'] !== undefined) {
        throw new Failure('InvalidInput', 'The request body must not be compressed.');
      }
      // `parseAs: 'buffer'` was asked for.
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
};
