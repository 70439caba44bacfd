import type { OpenAPIObject } from '@nestjs/swagger';
import { LINEAR_WEBHOOK_PATH } from './linear.route.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

const header = (name: string, description: string) => ({
  name,
  in: 'header' as const,
  required: true,
  description,
  schema: { type: 'string' as const },
});

/** Adds the route that no controller has. @param problem what any refusal looks like */
export const describeLinearWebhooks = (document: OpenAPIObject, problem: Operation['responses'][string]): void => {
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      LinearWebhook: {
        type: 'object',
        required: ['type', 'webhookTimestamp'],
        properties: {
          type: { type: 'string', description: 'One that nobody looks at is answered alike and changes nothing.' },
          webhookTimestamp: { type: 'number', description: 'In milliseconds; within a minute of now.' },
        },
        description: 'What Linear sends: it tells where to look, and is not kept.',
      },
      LinearWebhookReceipt: {
        type: 'object',
        required: ['deliveryId'],
        properties: { deliveryId: { type: 'string', description: 'Of Linear-Delivery.' } },
      },
    },
  };
  document.paths[LINEAR_WEBHOOK_PATH] = {
    post: {
      operationId: 'receiveLinearWebhook',
      summary: 'A webhook of Linear: known by its signature, kept once, handled later',
      tags: ['webhooks'],
      security: [],
      parameters: [
        header('Linear-Signature', 'The HMAC-SHA256 of the body, in lower case.'),
        header('Linear-Delivery', 'A repeated one is answered alike and changes nothing.'),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/LinearWebhook' } } },
      },
      responses: {
        200: {
          description: 'It is durable. Linear takes any other status for a failure.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/LinearWebhookReceipt' } } },
        },
        default: problem,
      },
    },
  };
};
