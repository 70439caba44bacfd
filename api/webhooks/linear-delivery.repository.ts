import { withBatch } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import type { LinearDelivery } from './linear-delivery.js';
import { TELL_FACTORY } from './tell-factory.js';

/**
 * One statement, so one commit, for many deliveries. A project is found by the epic of the issue, which may have moved
 * to another team since; else by the team, whose key counts until its id is known. Their ids are a namespace of their
 * own. Where a signal for the project waits, it is held until the commit, as for GitHub's.
 */
const KEEP = {
  name: 'keep-linear-deliveries',
  text: `
    WITH given AS (
      SELECT * FROM jsonb_to_recordset($1::jsonb)
        AS g (id text, event text, action text, hint jsonb, team text, key text, issue text)),
    stored AS (
      INSERT INTO webhook_delivery (delivery_id, event, action, hint, project_id, handled_at, outcome)
      SELECT 'linear/' || g.id, g.event, g.action, g.hint, p.id, CASE WHEN p.id IS NULL THEN now() END,
             CASE WHEN p.id IS NULL THEN CASE WHEN g.hint IS NULL THEN 'ignored' ELSE 'unknown' END END
      FROM given g LEFT JOIN LATERAL (
        SELECT p.id FROM project p LEFT JOIN epic_issue i ON i.project_id = p.id AND i.issue_key = g.issue
        WHERE g.hint IS NOT NULL AND p.archived_at IS NULL AND p.linear_team_key IS NOT NULL
          AND (i.epic_id IS NOT NULL OR p.linear_team_id::text = g.team
               OR (p.linear_team_id IS NULL AND upper(p.linear_team_key) = upper(g.key)))
        ORDER BY i.epic_id IS NULL, p.linear_team_id IS NULL LIMIT 1) p ON true
      ORDER BY g.id
      ON CONFLICT (delivery_id) DO NOTHING
      RETURNING project_id),
    concerned AS (SELECT DISTINCT project_id::text AS project FROM stored WHERE project_id IS NOT NULL),
    ${TELL_FACTORY}
    SELECT (SELECT count(*) FROM stored) AS stored, (SELECT count(*) FROM hinted) AS hinted`,
};

/** Keeps deliveries once each, and tells the factory of the projects that they concern. */
export const keepLinearDeliveries = async (writes: WritePool, deliveries: readonly LinearDelivery[]): Promise<void> => {
  const rows = deliveries.map(({ id, event, hint }) => ({
    id,
    event,
    action: hint?.action,
    hint,
    team: hint?.teamId,
    key: hint?.teamKey,
    issue: hint?.issueId,
  }));
  await withBatch(writes, (tx) => tx.query({ ...KEEP, values: [JSON.stringify(rows)] }));
};
