import { Failure } from '../../domain/failures.js';
import type { ConfigOverrides } from '../../domain/project-config/types.js';
import type { Queryable } from '../../infra/pg/statement.js';
import type { CheckProjects } from './ports.js';

const RECENT_DAYS = 30;

export const createCheckProjects = (db: Queryable): CheckProjects => ({
  overrides: async (projectId) => {
    const { rows } = await db.query<{ overrides: ConfigOverrides }>({
      name: 'find-check-overrides',
      text: 'SELECT overrides FROM project WHERE id = $1',
      values: [projectId],
    });
    const [project] = rows;
    if (project === undefined) throw new Failure('NotFound', 'There is no such project.', { projectId });
    return project.overrides;
  },
  usualMs: async (projectId) => {
    const { rows } = await db.query<{ check: string; ms: number }>({
      name: 'list-usual-check-durations',
      text: `SELECT check_name AS check, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms)::int AS ms FROM evidence
             WHERE project_id = $1 AND created_at > now() - make_interval(days => $2) GROUP BY check_name`,
      values: [projectId, RECENT_DAYS],
    });
    return Object.fromEntries(rows.map(({ check, ms }) => [check, ms]));
  },
});
