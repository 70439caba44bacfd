import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** What one sender's webhooks are like to whoever reads the document. */
export interface DescribedWebhook {
  readonly path: string;
  readonly sender: 'GitHub' | 'Linear';
  /** Name → what it is; each is required. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentTypes: readonly string[];
  readonly body: Schemas[string];
  readonly accepted: { readonly status: number; readonly description: string };
}

const RECEIPT: Schemas[string] = {
  type: 'object',
  required: ['deliveryId'],
  properties: { deliveryId: { type: 'string', description: 'As the sender named the delivery.' } },
};

/** Adds a route that no controller has. @param problem what any refusal looks like */
export const describeWebhook = (
  document: OpenAPIObject,
  { path, sender, headers, contentTypes, body, accepted }: DescribedWebhook,
  problem: Operation['responses'][string],
): void => {
  const name = `${sender}Webhook`;
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, [name]: body, WebhookReceipt: RECEIPT },
  };
  const payload = { schema: { $ref: `#/components/schemas/${name}` } };
  const receipt = { schema: { $ref: '#/components/schemas/WebhookReceipt' } };
  document.paths[path] = {
    post: {
      operationId: `receive${name}`,
      summary: `A webhook of ${sender}: known by its signature, kept once, handled later`,
      tags: ['webhooks'],
      security: [],
      parameters: Object.entries(headers).map(([header, description]) => ({
        name: header,
        in: 'header',
        required: true,
        description,
        schema: { type: 'string' },
      })),
      requestBody: { required: true, content: Object.fromEntries(contentTypes.map((type) => [type, payload])) },
      responses: {
        [accepted.status]: { description: accepted.description, content: { 'application/json': receipt } },
        default: problem,
      },
    },
  };
};
