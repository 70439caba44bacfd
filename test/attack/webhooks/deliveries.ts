import { randomUUID } from 'node:crypto';
import { rowsOf } from '../../support/api/seed.js';
import type { Tally } from '../vector.js';
import type { WebhooksWorld } from './world.js';

/** What a sender may say otherwise than it does. */
export interface Said {
  readonly id?: string;
  /** Undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** One endpoint, what its sender tells it of, and how it signs. */
export interface Endpoint {
  readonly path: string;
  readonly bodyOf: (more?: object) => string;
  readonly headersOf: (body: string, said?: Said) => Readonly<Record<string, string>>;
}

const send = async (world: WebhooksWorld, { path, bodyOf, headersOf }: Endpoint, said: Said = {}): Promise<void> => {
  const body = bodyOf();
  await world.api.call('POST', path, { key: null, raw: body, headers: headersOf(body, said) });
};

/** The bait is alive: the same way with nothing wrong is taken. */
export async function begin(world: WebhooksWorld, endpoint: Endpoint): Promise<void> {
  await send(world, endpoint);
  const { deliveries, signals } = await world.kept();
  if (deliveries !== 1 || signals !== 1) throw new Error(`a right delivery to ${endpoint.path} is not taken`);
  await world.forget();
}

/** Whatever is in the inbox or was told to anybody got through. */
export async function countKept(world: WebhooksWorld, tally: Tally, how: string): Promise<void> {
  const { deliveries, signals } = await world.kept();
  tally.count(deliveries + signals > 0 ? `${how}: ${deliveries} deliveries, ${signals} signals` : undefined);
  await world.forget();
}

/** Right in all but one header. */
export async function sendWithHeader(
  world: WebhooksWorld,
  tally: Tally,
  endpoint: Endpoint,
  [header, values]: readonly [string, readonly string[]],
): Promise<void> {
  for (const value of values) {
    await send(world, endpoint, { headers: { [header]: value } });
    await countKept(world, tally, `${header}: ${value}`);
  }
}

export async function playAgain(world: WebhooksWorld, tally: Tally, endpoint: Endpoint): Promise<void> {
  const id = randomUUID();
  for (let at = 0; at < 20; at++) {
    await send(world, endpoint, { id });
    // As if the factory had looked each time.
    await rowsOf(world.api.database, 'UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL');
    const { deliveries, signals } = await world.kept();
    tally.count(deliveries > 1 || signals > 1 ? `copy ${at}: the factory is told again` : undefined);
  }
  await world.forget();
}
