import { appendEvent, insertDecision } from '../../infra/pg/events.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Statement } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { FleetActivities } from '../../workflows/contract/activities/fleet.js';
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

  async markAgent({ agentId, state, reason, by }) {
    await withTransaction(pools.writes, async (tx) => {
      const { rows } = await tx.query<{ name: string }>({
        name: 'mark-agent',
        text: `UPDATE agent SET state = $2, version = version + 1
               WHERE id = $1 AND (state = 'FAILED') IS DISTINCT FROM ($2 = 'FAILED') RETURNING name`,
        values: [agentId, state],
      });
      const name = rows[0]?.name;
      // Marked already by an attempt whose answer was lost, or an agent that is gone.
      if (name === undefined) return;
      await insertDecision(tx, {
        agentId,
        kind: by === undefined ? 'recovery' : 'human',
        title: `agent ${name}`,
        decision: state,
        reasoning: reason,
        ...(by === undefined ? {} : { by }),
      });
      await appendEvent(tx, { type: 'agent.state', data: { agentId, name, state, reason } });
    });
  },
});
