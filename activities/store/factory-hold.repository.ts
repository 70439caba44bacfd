import type { Tx } from '../../infra/pg/statement.js';
import type { FactoryHold } from '../../workflows/contract/activities/fleet.js';

/** A repeat changes nothing. Lanes whose queue is not running hear of no thaw: their rows are opened here. */
export async function saveFactoryHold(tx: Tx, { isPaused, by, reason }: FactoryHold): Promise<void> {
  await tx.query({
    name: 'save-factory-hold',
    text: `INSERT INTO factory_hold (is_paused, by, reason) VALUES ($1, $2, $3)
           ON CONFLICT (id) DO UPDATE SET is_paused = excluded.is_paused, by = excluded.by, reason = excluded.reason,
             updated_at = now()`,
    values: [isPaused, by, reason],
  });
  if (isPaused) return;
  await tx.query({
    name: 'thaw-lanes',
    text: `UPDATE queue_lane SET paused_by = array_remove(paused_by, 'factory'),
             mode = CASE WHEN paused_by = '{factory}' AND mode = 'paused' THEN 'open' ELSE mode END,
             reason = CASE WHEN paused_by = '{factory}' THEN '' ELSE reason END, updated_at = now()
           WHERE 'factory' = ANY (paused_by)`,
    values: [],
  });
}
