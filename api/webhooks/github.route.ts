import type { Logger } from '../../infra/logging.js';
import type { WritePool } from '../../infra/pg/writes.js';
import type { HttpServer } from '../http/server.js';
import { toDelivery } from './delivery.js';
import { keepDeliveries } from './delivery.repository.js';
import { parseSignature } from './signature.js';
import { installSignedRoute, type WebhookSettings } from './signed-route.js';

export interface WebhookDependencies {
  readonly settings: WebhookSettings;
  readonly writes: WritePool;
  readonly logger: Logger;
}

export const WEBHOOK_PATH = '/webhooks/github';

export const installGithubWebhooks = (server: HttpServer, { settings, writes, logger }: WebhookDependencies): void =>
  installSignedRoute(
    server,
    {
      path: WEBHOOK_PATH,
      contentTypes: ['application/json', 'application/x-www-form-urlencoded'],
      status: 202,
      unconfigured: 'Webhooks of GitHub are not configured here: GITHUB_WEBHOOK_SECRET is not set.',
      unsigned: 'Sign the body in X-Hub-Signature-256, as sha256= and 64 digits.',
      signatureOf: (headers) => parseSignature(headers['x-hub-signature-256']),
      toDelivery,
      keep: (deliveries) => keepDeliveries(writes, deliveries),
    },
    { settings, logger },
  );
