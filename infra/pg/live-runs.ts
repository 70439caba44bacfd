import type { Queryable } from './statement.js';

/** Of table `run`, under this alias: its agent works, or will. */
export const isLive = (run: string): string =>
  `${run}.state IN ('pending', 'queued', 'running', 'waiting', 'paused', 'degraded')`;

/** Runs of an agent in a project that its mail can still reach: at their next turn. */
export async function findLiveRuns(db: Queryable, agentName: string, projectId: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-live-runs',
    text: `SELECT r.id FROM run r JOIN agent a ON a.id = r.agent_id
           WHERE a.name = $1 AND r.project_id = $2 AND ${isLive('r')} ORDER BY r.id`,
    values: [agentName, projectId],
  });
  return rows.map(({ id }) => id);
}
