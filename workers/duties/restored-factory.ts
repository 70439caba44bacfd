import type { Queryable } from '../../infra/pg/statement.js';
import type { RestoredFactory } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';

/** What a factory begins with whose predecessor the engine has lost. One that runs never reads it. */
export async function findRestored(db: Queryable): Promise<RestoredFactory> {
  const { rows } = await db.query<RestoredFactory>({
    name: 'find-restored-factory',
    text: `SELECT coalesce((SELECT is_paused FROM factory_hold), false) AS "isPaused",
                  ARRAY(SELECT id FROM agent WHERE state = 'FAILED' ORDER BY name)::text[] AS "crashLoops",
                  ARRAY(SELECT id FROM project WHERE state = 'importing' AND archived_at IS NULL
                          AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workflow_id = $1 AND o.sent_at IS NULL
                                          AND o.args->0->>'projectId' = project.id::text)
                        ORDER BY id)::text[] AS projects,
                  ARRAY(SELECT id FROM project WHERE (forge <> 'local' OR linear_team_key IS NOT NULL)
                          AND archived_at IS NULL ORDER BY id)::text[] AS forges`,
    values: [FACTORY_WORKFLOW_ID],
  });
  return rows[0] ?? { isPaused: false, crashLoops: [], projects: [], forges: [] };
}
