import { withBatch } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import type { Delivery } from './delivery.js';
import { TELL_FACTORY } from './tell-factory.js';

/** Says that something about the installation changed, which concerns every project in it and no one in particular. */
const INSTALLATION_EVENTS = ['installation', 'installation_repositories'];
/** Nobody has to look at anything. */
const NOTED = [...INSTALLATION_EVENTS, 'ping'];

/**
 * One statement, so one commit, for many deliveries. A project is found by the number of its repository, or by its name
 * until the number is known, and not by an installation that is another one than its own. Where a signal for the project
 * waits, it is held until the commit: the relay closes a row before it sends it, and would else tell the factory to look
 * before there is anything to see.
 */
const KEEP = {
  name: 'keep-webhook-deliveries',
  text: `
    WITH given AS (
      SELECT * FROM jsonb_to_recordset($1::jsonb)
        AS g (id text, event text, action text, hint jsonb, repository bigint, name text, installation bigint, outcome text)),
    stored AS (
      INSERT INTO webhook_delivery (delivery_id, event, action, hint, project_id, handled_at, outcome)
      SELECT g.id, g.event, g.action, g.hint, p.id, CASE WHEN p.id IS NULL THEN now() END,
             CASE WHEN p.id IS NULL THEN coalesce(g.outcome, 'unknown') END
      FROM given g LEFT JOIN LATERAL (
        SELECT id FROM project
        WHERE g.outcome IS NULL AND archived_at IS NULL AND forge = 'github'
          AND (forge_repository_id = g.repository OR (forge_repository_id IS NULL AND lower(forge_name) = lower(g.name)))
          AND (g.installation IS NULL OR forge_installation_id IS NULL OR forge_installation_id = g.installation)
        ORDER BY forge_repository_id LIMIT 1) p ON true
      ORDER BY g.id
      ON CONFLICT (delivery_id) DO NOTHING
      RETURNING project_id, event, hint),
    concerned AS (
      SELECT project_id::text AS project FROM stored WHERE project_id IS NOT NULL
      UNION SELECT p.id::text FROM stored s JOIN project p ON p.forge_installation_id = (s.hint ->> 'installationId')::bigint
      WHERE s.event IN (${INSTALLATION_EVENTS.map((event) => `'${event}'`).join(', ')}) AND p.archived_at IS NULL AND p.forge = 'github'),
    ${TELL_FACTORY}
    SELECT (SELECT count(*) FROM stored) AS stored, (SELECT count(*) FROM hinted) AS hinted`,
};

/** Keeps deliveries once each, and tells the factory of the projects that they concern. */
export const keepDeliveries = async (writes: WritePool, deliveries: readonly Delivery[]): Promise<void> => {
  const rows = deliveries.map(({ id, event, hint }) => ({
    id,
    event,
    action: hint?.action,
    hint,
    repository: hint?.repositoryId,
    name: hint?.repository,
    installation: hint?.installationId,
    outcome: hint === undefined ? 'ignored' : NOTED.includes(event) ? 'noted' : undefined,
  }));
  await withBatch(writes, (tx) => tx.query({ ...KEEP, values: [JSON.stringify(rows)] }));
};
