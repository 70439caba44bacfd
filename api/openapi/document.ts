import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { GITHUB_WEBHOOK } from '../webhooks/github.document.js';
import { LINEAR_WEBHOOK } from '../webhooks/linear.document.js';
import { describeWebhook } from '../webhooks/webhook.document.js';

const KEY = 'key';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameter = NonNullable<Operation['parameters']>[number];

/** Describes every route: from the decorators of controllers and DTOs, and what all routes have in common. */
export const makeDocument = (app: NestFastifyApplication): OpenAPIObject => {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setOpenAPIVersion('3.1.0')
      .setTitle('Millwright')
      .setDescription(
        'Epics in, tested and merged pull requests out. Errors are application/problem+json with a stable `code`. ' +
          'Lists are paged by `limit` and `cursor`.',
      )
      .setVersion('1')
      .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key, mw_…' }, KEY)
      .addSecurityRequirements(KEY)
      .build(),
  );
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      operation.parameters = [...pathParameters(path), ...headers(method), ...(operation.parameters ?? [])];
      operation.responses.default = PROBLEM;
    }
  }
  for (const webhook of [GITHUB_WEBHOOK, LINEAR_WEBHOOK]) describeWebhook(document, webhook, PROBLEM);
  return document;
};

/** Paths name their parameters; the decorators that read them are our own, which Nest does not describe. */
const pathParameters = (path: string): readonly Parameter[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path' as const,
    required: true,
    schema: name === 'branch' ? { type: 'string' } : { type: 'string', format: 'uuid' },
  }));

const headers = (method: (typeof METHODS)[number]): readonly Parameter[] => {
  const ifMatch = header('If-Match', 'The ETag that the change is meant for; an older one is answered 412.');
  if (method === 'get') return [];
  if (method !== 'post') return [ifMatch];
  return [header('Idempotency-Key', 'Makes a repeat harmless: it gets the answer of the first.'), ifMatch];
};

const header = (name: string, description: string): Parameter => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});

const PROBLEM = {
  description: 'What is wrong, as RFC 9457 says it; `code` is stable.',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'code', 'detail'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          code: { type: 'string' },
          detail: { type: 'string' },
          details: { type: 'object' },
          logId: { type: 'string' },
        },
      },
    },
  },
};
