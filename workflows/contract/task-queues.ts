/** Temporal task queues. What touches a tree runs on its host's own queue (`hostQueueName`). */
export const QUEUE = {
  /** Workflows and light activities. */
  shared: 'millwright',
  /** Model calls; rate-limited by the server. */
  model: 'millwright-model',
  /** CPU-heavy check runs. */
  checks: 'millwright-checks',
} as const;

/** @param hostId 12 hex digits of sha256(host name, data directory): unique in containers, stable on one disk. */
export const hostQueueName = (hostId: string): string => `${QUEUE.shared}-host-${hostId}`;
