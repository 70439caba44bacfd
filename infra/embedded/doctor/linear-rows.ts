import type { Config } from '../../config.js';
import { createPools } from '../../pg/pools.js';
import { runningDatabaseUrl } from '../database-url.js';
import { readStackFacts } from '../stack-file.js';

/** A project that takes issues of a team. */
export interface Linked {
  readonly project: string;
  readonly key: string;
  /** Null until it was found. */
  readonly id: string | null;
  readonly problem: string | null;
}

/** What the inbox says of Linear's webhooks, and the looks that need none. */
export interface Heard {
  /** Within a week. */
  readonly deliveries: number;
  readonly lastAt: Date | null;
  /** Of a comment, or of an issue with the label, that a look found. */
  readonly lastChangeAt: Date | null;
}

export interface LinearRows {
  readonly linked: readonly Linked[];
  readonly heard: Heard;
}

const NOTHING: LinearRows = { linked: [], heard: { deliveries: 0, lastAt: null, lastChangeAt: null } };

/** Nothing while no instance runs that could be asked. */
export async function readLinearRows(config: Config): Promise<LinearRows> {
  if (config.databaseUrl === undefined && readStackFacts(config.layout) === undefined) return NOTHING;
  const pools = createPools({ databaseUrl: runningDatabaseUrl(config), applicationName: 'millwright-doctor' });
  try {
    const linked = await pools.writes.query<Linked>({
      name: 'list-linear-teams',
      text: `SELECT name AS project, linear_team_key AS key, linear_team_id AS id, linear_problem AS problem FROM project
             WHERE linear_team_key IS NOT NULL AND archived_at IS NULL ORDER BY name LIMIT 50`,
    });
    // A cursor that has never moved stands where the project was linked: nothing was found yet.
    const heard = await pools.writes.query<Heard>({
      name: 'hear-of-linear',
      text: `SELECT count(*) FILTER (WHERE received_at > now() - interval '7 days')::int AS deliveries,
               max(received_at) AS "lastAt",
               (SELECT max(greatest(c.issues_since, c.comments_since)) FROM forge_cursor c
                JOIN project p ON p.id = c.project_id AND p.archived_at IS NULL AND p.linear_team_key IS NOT NULL
                WHERE c.tracker = 'linear' AND greatest(c.issues_since, c.comments_since) > p.linear_since)
                 AS "lastChangeAt"
             FROM webhook_delivery WHERE delivery_id LIKE 'linear/%'`,
    });
    return { linked: linked.rows, heard: heard.rows[0] ?? NOTHING.heard };
  } finally {
    await pools.close();
  }
}
