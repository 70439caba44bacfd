import { LINEAR_WEBHOOK_PATH } from './linear.route.js';
import type { DescribedWebhook } from './webhook.document.js';

export const LINEAR_WEBHOOK: DescribedWebhook = {
  path: LINEAR_WEBHOOK_PATH,
  sender: 'Linear',
  headers: {
    'Linear-Signature': 'The HMAC-SHA256 of the body, in lower case.',
    'Linear-Delivery': 'A repeated one is answered alike and changes nothing.',
  },
  contentTypes: ['application/json'],
  body: {
    type: 'object',
    required: ['type', 'webhookTimestamp'],
    properties: {
      type: { type: 'string', description: 'One that nobody looks at is answered alike and changes nothing.' },
      webhookTimestamp: { type: 'number', description: 'In milliseconds; within a minute of now.' },
    },
    description: 'What Linear sends: it tells where to look, and is not kept.',
  },
  accepted: { status: 200, description: 'It is durable. Linear takes any other status for a failure.' },
};
