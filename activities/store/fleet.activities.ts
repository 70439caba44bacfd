import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Statement } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { FleetActivities } from '../../workflows/contract/activities/fleet.js';
import { markAgent } from './agent-state.repository.js';
import { saveFactoryHold } from './factory-hold.repository.js';
import { listLiveHosts } from './host.repository.js';
import { RETENTION_SWEEPS } from './retention.js';

/** How much one sweep removes of each kind, so that it stays within the activity's time. */
const BATCH = 1_000;

/** What has served its time. Decisions and audit stay for ever. */
const SWEEPS: readonly Statement[] = [
  {
    name: 'sweep-idempotency-keys',
    text: `DELETE FROM idempotency_key WHERE (key_id, key) IN (
             SELECT key_id, key FROM idempotency_key WHERE created_at < now() - interval '1 day' LIMIT $1)`,
    values: [BATCH],
  },
  {
    name: 'sweep-outbox',
    text: `DELETE FROM outbox WHERE id IN (
             SELECT id FROM outbox WHERE sent_at < now() - interval '7 days' LIMIT $1)`,
    values: [BATCH],
  },
  {
    name: 'sweep-evidence',
    text: `DELETE FROM evidence WHERE id IN (
             SELECT id FROM evidence WHERE expires_at < now() - interval '90 days' LIMIT $1)`,
    values: [BATCH],
  },
  ...RETENTION_SWEEPS.map((sweep) => ({ ...sweep, values: [BATCH] })),
];

/** Projects with trees or branches that may need cleaning. */
export async function listProjects(db: Queryable): Promise<readonly { readonly projectId: string }[]> {
  const { rows } = await db.query<{ projectId: string }>({
    name: 'list-live-projects',
    text: `SELECT id AS "projectId" FROM project WHERE archived_at IS NULL AND state IN ('ready', 'red') ORDER BY id`,
  });
  return rows;
}

export const createFleetActivities = ({ pools }: { readonly pools: Pools }): FleetActivities => ({
  listLiveHosts: ({ staleMs }) => listLiveHosts(pools.writes, staleMs),

  listProjects: () => listProjects(pools.writes),

  async sweepStore() {
    let removed = 0;
    for (const sweep of SWEEPS) removed += (await pools.writes.query(sweep)).rowCount;
    return { removed };
  },

  async saveFactoryHold(hold) {
    await withTransaction(pools.writes, (tx) => saveFactoryHold(tx, hold));
  },

  async markAgent(marking) {
    // Nothing happens where an attempt whose answer was lost has marked it already.
    await withTransaction(pools.writes, (tx) => markAgent(tx, marking));
  },
});
