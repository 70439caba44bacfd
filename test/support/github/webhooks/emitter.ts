import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { randomOf } from '../random.js';
import type { Delivery } from './deliveries.js';
import { headersOf } from './headers.js';
import type { WebhookOptions } from './options.js';
import { signatureOf } from './signature.js';

export interface OutgoingEvent {
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number | null;
  readonly repositoryId: number | null;
  readonly appId: number;
  readonly payload: string;
}

/** GitHub waits no longer for an answer. */
const TIMEOUT_MS = 10_000;
const HELD_BACK_MS = 250;

/** Sends events and remembers what became of each. Nothing is sent again by itself, as with GitHub. */
export class Emitter {
  readonly deliveries: Delivery[] = [];
  private options: WebhookOptions | undefined;
  private random = randomOf(1);
  private readonly underWay = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private lastId = 40_000;

  constructor(private readonly clock: Clock) {}

  configure(options: WebhookOptions): void {
    this.options = options;
    this.random = randomOf(options.seed ?? 1);
  }

  get configuration(): WebhookOptions | undefined {
    return this.options;
  }

  send(outgoing: OutgoingEvent): void {
    const { options } = this;
    if (options === undefined || options.isActive === false) return;
    if (options.events !== undefined && !options.events.includes(outgoing.event)) return;
    const chance = (share = 0): boolean => share > 0 && this.random() < share;
    if (chance(options.lose)) return;
    const isDropped = chance(options.drop);
    const isWrong = chance(options.wrongSignature);
    const waitMs = (options.delayMs ?? 0) + (chance(options.reorder) ? HELD_BACK_MS * (1 + this.random()) : 0);
    const guid = randomUUID();
    this.track(this.deliver(this.record(outgoing, guid, isWrong), waitMs, isDropped));
    if (chance(options.duplicate)) this.track(this.deliver(this.record(outgoing, guid, isWrong), waitMs + 5));
  }

  /** Any body as an event, told to nobody's schema: what GitHub may send one day. Answers its delivery id. */
  sendBody(event: string, body: object): string {
    const { action } = body as { readonly action?: unknown };
    const guid = randomUUID();
    const outgoing = {
      event,
      action: typeof action === 'string' ? action : null,
      installationId: null,
      repositoryId: null,
      appId: 1,
      payload: JSON.stringify(body),
    };
    this.track(this.deliver(this.record(outgoing, guid, false), 0));
    return guid;
  }

  /** As asked for by `POST /app/hook/deliveries/{id}/attempts`; false when there is no such delivery. */
  redeliver(id: number): boolean {
    const found = this.deliveries.find((one) => one.id === id);
    if (found === undefined || this.options === undefined) return false;
    const headers = { ...found.headers, 'x-hub-signature-256': signatureOf(this.options.secret, found.payload) };
    const again = { id: this.nextId(), isRedelivery: true, headers, url: this.options.url };
    const delivery = { ...found, ...again, deliveredAtMs: this.clock.now(), ...FRESH };
    this.deliveries.push(delivery);
    this.track(this.deliver(delivery, 0));
    return true;
  }

  /** Until nothing is under way. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  async close(): Promise<void> {
    this.ending.abort();
    await this.settled();
  }

  private nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  private record(outgoing: OutgoingEvent, guid: string, isWrong: boolean): Delivery {
    const { url = '', secret = '', target = 'integration' } = this.options ?? {};
    const { event, appId, payload, repositoryId } = outgoing;
    const targetId = target === 'repository' ? (repositoryId ?? 0) : appId;
    const delivery: Delivery = {
      ...outgoing,
      id: this.nextId(),
      guid,
      isRedelivery: false,
      url,
      headers: headersOf({ guid, event, payload, target, targetId, secret: isWrong ? `${secret}x` : secret }),
      deliveredAtMs: this.clock.now(),
      ...FRESH,
    };
    this.deliveries.push(delivery);
    return delivery;
  }

  private track(work: Promise<void>): void {
    this.underWay.add(work);
    void work.finally(() => this.underWay.delete(work));
  }

  private async deliver(delivery: Delivery, waitMs: number, isDropped = false): Promise<void> {
    const startedAtMs = performance.now();
    try {
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.ending.signal });
      if (isDropped) throw new Error('failed to connect to host');
      const response = await fetch(delivery.url, {
        method: 'POST',
        headers: delivery.headers,
        body: delivery.payload,
        redirect: 'manual',
        signal: AbortSignal.any([this.ending.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      delivery.response = await response.text();
      delivery.statusCode = response.status;
      delivery.status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`;
    } catch (error) {
      delivery.status =
        error instanceof Error && error.name === 'TimeoutError' ? 'timed out' : 'failed to connect to host';
    }
    delivery.durationMs = Math.round(performance.now() - startedAtMs);
  }
}

const FRESH = { durationMs: 0, status: null, statusCode: 0, response: '' };
