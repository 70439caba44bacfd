import type { HintSubject } from '../../../domain/forge/hint.js';
import type { Queryable } from '../../../infra/pg/statement.js';

export interface OpenDelivery {
  readonly deliveryId: string;
  readonly hint: { readonly subject: HintSubject };
}

/** Whom one has to ask about a hint: the project's forge, or a tracker beside it. */
export type HintSource = 'forge' | 'tracker';

/** Oldest first. */
export async function listOpenDeliveries(
  db: Queryable,
  { projectId, source, limit }: { readonly projectId: string; readonly source: HintSource; readonly limit: number },
): Promise<readonly OpenDelivery[]> {
  const { rows } = await db.query<OpenDelivery>({
    name: 'list-open-deliveries',
    text: `SELECT delivery_id AS "deliveryId", hint FROM webhook_delivery
           WHERE project_id = $1 AND handled_at IS NULL AND hint IS NOT NULL
             AND (hint -> 'subject' ? 'tracker') = $2
           ORDER BY received_at, delivery_id LIMIT $3`,
    values: [projectId, source === 'tracker', limit],
  });
  return rows;
}

export async function closeDeliveries(db: Queryable, deliveryIds: readonly string[], outcome: string): Promise<void> {
  await db.query({
    name: 'close-deliveries',
    text: `UPDATE webhook_delivery SET handled_at = now(), attempts = attempts + 1, outcome = $2
           WHERE delivery_id = ANY($1) AND handled_at IS NULL`,
    values: [deliveryIds, outcome],
  });
}

/** A look that failed; the next one tries again. */
export async function countAttempt(db: Queryable, deliveryIds: readonly string[], outcome: string): Promise<void> {
  await db.query({
    name: 'count-delivery-attempt',
    text: `UPDATE webhook_delivery SET attempts = attempts + 1, outcome = $2
           WHERE delivery_id = ANY($1) AND handled_at IS NULL`,
    values: [deliveryIds, outcome],
  });
}
