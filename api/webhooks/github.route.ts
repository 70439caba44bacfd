import { Failure } from '../../domain/failures.js';
import type { Logger } from '../../infra/logging.js';
import type { WritePool } from '../../infra/pg/writes.js';
import { ApiError } from '../http/problem.js';
import { sendProblem } from '../http/send-problem.js';
import type { HttpRequest, HttpServer } from '../http/server.js';
import { ActiveSecrets } from './active-secrets.js';
import { ByteRoom } from './byte-room.js';
import { toDelivery } from './delivery.js';
import { keepDeliveries } from './delivery.repository.js';
import { DeliveryInbox } from './inbox.js';
import { parseSignature, SignatureCheck } from './signature.js';
import { BodyRefused, type BodyRules, readSigned } from './signed-body.js';

export interface WebhookSettings extends Partial<BodyRules> {
  /** What deliveries may be signed with, newest first; empty: not configured. */
  readonly secrets: () => readonly string[];
}

export interface WebhookDependencies {
  readonly settings: WebhookSettings;
  readonly writes: WritePool;
  readonly logger: Logger;
}

export const WEBHOOK_PATH = '/webhooks/github';

const MIB = 1024 * 1024;
const DEFAULTS: BodyRules = { maxBytes: 5 * MIB, maxMs: 10_000 };
const ROOM_BYTES = 128 * MIB;

/**
 * A route of the server itself, not of a controller: what is signed are the bytes as they came, and here no parser has
 * been before the check. Whoever sent it learns that it is kept, and nothing else.
 */
export const installGithubWebhooks = (server: HttpServer, dependencies: WebhookDependencies): void => {
  const take = takerOf(dependencies);
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // The body stays what it is: a stream that nobody has read from.
    scope.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      (_request: unknown, _payload: unknown, parsed: (error: null) => void) => parsed(null),
    );
    scope.setErrorHandler((error, request, reply) => {
      // Whatever else it would send is not waited for.
      if (error instanceof BodyRefused) reply.header('connection', 'close');
      sendProblem(dependencies.logger, { error, request, reply });
    });
    scope.post(WEBHOOK_PATH, async (request, reply) => {
      const deliveryId = await take(request.raw);
      return reply.code(202).send({ deliveryId });
    });
    done();
  });
};

const takerOf = ({
  settings,
  writes,
  logger,
}: WebhookDependencies): ((request: HttpRequest['raw']) => Promise<string>) => {
  const secrets = new ActiveSecrets(settings.secrets, logger);
  const inbox = new DeliveryInbox((deliveries) => keepDeliveries(writes, deliveries));
  const rules = { ...DEFAULTS, ...settings, room: new ByteRoom(ROOM_BYTES) };
  return async (request) => {
    const active = secrets.list();
    if (active.length === 0) {
      throw new Failure('NotFound', 'Webhooks of GitHub are not configured here: GITHUB_WEBHOOK_SECRET is not set.');
    }
    const given = parseSignature(request.headers['x-hub-signature-256']);
    if (given === undefined) {
      throw new ApiError('Unauthenticated', 'Sign the body in X-Hub-Signature-256, as sha256= and 64 digits.');
    }
    if (request.headers['content-encoding'] !== undefined) {
      throw new Failure('InvalidInput', 'The body must not be compressed.');
    }
    const delivery = toDelivery(request.headers, await readSigned(request, new SignatureCheck(active, given), rules));
    await inbox.take(delivery);
    return delivery.id;
  };
};
