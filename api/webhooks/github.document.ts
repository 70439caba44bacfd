import type { OpenAPIObject } from '@nestjs/swagger';
import { WEBHOOK_PATH } from './github.route.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

const header = (name: string, description: string) => ({
  name,
  in: 'header' as const,
  required: true,
  description,
  schema: { type: 'string' as const },
});

/** Adds the route that no controller has. @param problem what any refusal looks like */
export const describeGithubWebhooks = (document: OpenAPIObject, problem: Operation['responses'][string]): void => {
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      GithubWebhook: { type: 'object', description: 'What GitHub sends: it tells where to look, and is not kept.' },
      WebhookReceipt: {
        type: 'object',
        required: ['deliveryId'],
        properties: { deliveryId: { type: 'string', description: 'Of X-GitHub-Delivery.' } },
      },
    },
  };
  const payload = { schema: { $ref: '#/components/schemas/GithubWebhook' } };
  document.paths[WEBHOOK_PATH] = {
    post: {
      operationId: 'receiveGithubWebhook',
      summary: 'A webhook of GitHub: known by its signature, kept once, handled later',
      tags: ['webhooks'],
      security: [],
      parameters: [
        header('X-Hub-Signature-256', '`sha256=` and the HMAC of the body, in lower case.'),
        header('X-GitHub-Delivery', 'A repeated one is answered alike and changes nothing.'),
        header('X-GitHub-Event', 'One that nobody looks at is answered alike and changes nothing.'),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': payload, 'application/x-www-form-urlencoded': payload },
      },
      responses: {
        202: {
          description: 'It is durable.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/WebhookReceipt' } } },
        },
        default: problem,
      },
    },
  };
};
