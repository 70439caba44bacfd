import { WEBHOOK_PATH } from './github.route.js';
import type { DescribedWebhook } from './webhook.document.js';

export const GITHUB_WEBHOOK: DescribedWebhook = {
  path: WEBHOOK_PATH,
  sender: 'GitHub',
  headers: {
    'X-Hub-Signature-256': '`sha256=` and the HMAC of the body, in lower case.',
    'X-GitHub-Delivery': 'A repeated one is answered alike and changes nothing.',
    'X-GitHub-Event': 'One that nobody looks at is answered alike and changes nothing.',
  },
  contentTypes: ['application/json', 'application/x-www-form-urlencoded'],
  body: { type: 'object', description: 'What GitHub sends: it tells where to look, and is not kept.' },
  accepted: { status: 202, description: 'It is durable.' },
};
