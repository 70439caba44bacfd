import type { HttpServer } from '../http/server.js';
import type { WebhookDependencies } from './github.route.js';
import { toLinearDelivery } from './linear-delivery.js';
import { keepLinearDeliveries } from './linear-delivery.repository.js';
import { parseHexSignature } from './signature.js';
import { installSignedRoute } from './signed-route.js';

export const LINEAR_WEBHOOK_PATH = '/webhooks/linear';

/**
 * Linear sends again what is not answered with exactly 200, and gives up on an address that never does.
 * @see https://linear.app/developers/webhooks
 */
const ACCEPTED = 200;

export const installLinearWebhooks = (
  server: HttpServer,
  { settings, writes, logger }: WebhookDependencies,
  nowMs: () => number = () => Date.now(),
): void =>
  installSignedRoute(
    server,
    {
      path: LINEAR_WEBHOOK_PATH,
      contentTypes: ['application/json'],
      status: ACCEPTED,
      unconfigured: 'Webhooks of Linear are not configured here: LINEAR_WEBHOOK_SECRET is not set.',
      unsigned: 'Sign the body in Linear-Signature, as 64 digits.',
      signatureOf: (headers) => parseHexSignature(headers['linear-signature']),
      toDelivery: (headers, body) => toLinearDelivery(headers, body, nowMs()),
      keep: (deliveries) => keepLinearDeliveries(writes, deliveries),
    },
    { settings, logger },
  );
