/** One attempt to deliver an event. A redelivery is another one with the same `guid`. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number | null;
  readonly repositoryId: number | null;
  readonly isRedelivery: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that were signed. */
  readonly payload: string;
  readonly url: string;
  readonly deliveredAtMs: number;
  durationMs: number;
  /** In GitHub's words: `OK`, `timed out`, … Null while it is under way. */
  status: string | null;
  /** 0 when nobody answered. */
  statusCode: number;
  response: string;
}

export const isFailed = (delivery: Delivery): boolean =>
  delivery.status !== null && (delivery.statusCode < 200 || delivery.statusCode >= 400);

const shown = (delivery: Delivery, deliveredAt: string): Readonly<Record<string, unknown>> => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: deliveredAt,
  redelivery: delivery.isRedelivery,
  duration: delivery.durationMs / 1_000,
  status: delivery.status ?? 'pending',
  status_code: delivery.statusCode,
  event: delivery.event,
  action: delivery.action,
  installation_id: delivery.installationId,
  repository_id: delivery.repositoryId,
  throttled_at: null,
});

export const renderListedDelivery = shown;

export const renderDelivery = (delivery: Delivery, deliveredAt: string): Readonly<Record<string, unknown>> => ({
  ...shown(delivery, deliveredAt),
  url: delivery.url,
  request: { headers: delivery.headers, payload: JSON.parse(delivery.payload) },
  response: { headers: {}, payload: delivery.response },
});
