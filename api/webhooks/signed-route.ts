import { Failure } from '../../domain/failures.js';
import type { Logger } from '../../infra/logging.js';
import { ApiError } from '../http/problem.js';
import { sendProblem } from '../http/send-problem.js';
import type { HttpRequest, HttpServer } from '../http/server.js';
import { ActiveSecrets } from './active-secrets.js';
import { ByteRoom } from './byte-room.js';
import { DeliveryInbox } from './inbox.js';
import { SignatureCheck } from './signature.js';
import { BodyRefused, type BodyRules, readSigned } from './signed-body.js';

export interface WebhookSettings extends Partial<BodyRules> {
  /** What deliveries may be signed with, newest first; empty: not configured. */
  readonly secrets: () => readonly string[];
}

/** What one sender's webhooks are like. */
export interface SignedRoute<Delivery extends { readonly id: string }> {
  readonly path: string;
  readonly contentTypes: readonly string[];
  /** Of the answer that says that it is durable. */
  readonly status: number;
  /** Said where no secret is set. */
  readonly unconfigured: string;
  /** Said where the signature is missing or of another form. */
  readonly unsigned: string;
  /** The bytes of the signature. */
  readonly signatureOf: (headers: HttpRequest['headers']) => Buffer | undefined;
  /** Reads what was signed. @throws InvalidInput, Unauthenticated */
  readonly toDelivery: (headers: HttpRequest['headers'], body: Buffer) => Delivery;
  /** One commit for all of them. */
  readonly keep: (deliveries: readonly Delivery[]) => Promise<void>;
}

const MIB = 1024 * 1024;
const DEFAULTS: BodyRules = { maxBytes: 5 * MIB, maxMs: 10_000 };
const ROOM_BYTES = 128 * MIB;

/**
 * A route of the server itself, not of a controller: what is signed are the bytes as they came, and here no parser has
 * been before the check. Whoever sent it learns that it is kept, and nothing else.
 */
export const installSignedRoute = <Delivery extends { readonly id: string }>(
  server: HttpServer,
  route: SignedRoute<Delivery>,
  { settings, logger }: { readonly settings: WebhookSettings; readonly logger: Logger },
): void => {
  const take = takerOf(route, settings, logger);
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // The body stays what it is: a stream that nobody has read from.
    scope.addContentTypeParser(
      [...route.contentTypes],
      (_request: unknown, _payload: unknown, parsed: (error: null) => void) => parsed(null),
    );
    scope.setErrorHandler((error, request, reply) => {
      // Whatever else it would send is not waited for.
      if (error instanceof BodyRefused) reply.header('connection', 'close');
      sendProblem(logger, { error, request, reply });
    });
    scope.post(route.path, async (request, reply) => {
      const deliveryId = await take(request.raw);
      return reply.code(route.status).send({ deliveryId });
    });
    done();
  });
};

const takerOf = <Delivery extends { readonly id: string }>(
  route: SignedRoute<Delivery>,
  settings: WebhookSettings,
  logger: Logger,
): ((request: HttpRequest['raw']) => Promise<string>) => {
  const secrets = new ActiveSecrets(settings.secrets, logger);
  const inbox = new DeliveryInbox<Delivery>(route.keep);
  const rules = { ...DEFAULTS, ...settings, room: new ByteRoom(ROOM_BYTES) };
  return async (request) => {
    const active = secrets.list();
    if (active.length === 0) throw new Failure('NotFound', route.unconfigured);
    const given = route.signatureOf(request.headers);
    if (given === undefined) throw new ApiError('Unauthenticated', route.unsigned);
    if (request.headers['content-encoding'] !== undefined) {
      throw new Failure('InvalidInput', 'The body must not be compressed.');
    }
    const body = await readSigned(request, new SignatureCheck(active, given), rules);
    const delivery = route.toDelivery(request.headers, body);
    await inbox.take(delivery);
    return delivery.id;
  };
};
