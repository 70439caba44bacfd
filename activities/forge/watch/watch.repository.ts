import type { TrackerKind } from '../../../infra/forge/issues.js';
import type { Queryable } from '../../../infra/pg/statement.js';

export interface WatchedProject {
  readonly baseBranch: string | null;
  readonly tipSha: string | null;
  /** Where the base's queue saw it last; null where it never had one. */
  readonly laneTipSha: string | null;
  /** Somebody has missed the base, and nobody has seen it since. */
  readonly isBaseMissed: boolean;
  /** Its row says so. */
  readonly saysBaseGone: boolean;
  /** Others push there too. */
  readonly isShared: boolean;
  readonly hasOpenWork: boolean;
}

/** Undefined for one that nothing outside can change, and once it is archived. */
export async function findWatchedProject(db: Queryable, projectId: string): Promise<WatchedProject | undefined> {
  const { rows } = await db.query<WatchedProject>({
    name: 'find-watched-project',
    text: `SELECT base_branch AS "baseBranch", tip_sha AS "tipSha", forge <> 'local' AS "isShared",
             (SELECT nullif(tip_sha, '') FROM queue_lane WHERE project_id = p.id AND branch = p.base_branch)
               AS "laneTipSha",
             base_gone_since IS NOT NULL AS "isBaseMissed",
             state = 'refused' AND coalesce(reason LIKE 'BASE_GONE:%', false) AS "saysBaseGone",
             EXISTS (SELECT 1 FROM epic WHERE project_id = p.id AND state NOT IN ('COMPLETED', 'CANCELLED'))
             OR EXISTS (SELECT 1 FROM task WHERE project_id = p.id AND epic_id IS NULL
                        AND state NOT IN ('COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED'))
             OR EXISTS (SELECT 1 FROM queue_entry WHERE project_id = p.id AND state IN ('queued', 'active', 'rebasing'))
             OR EXISTS (SELECT 1 FROM epic_issue WHERE project_id = p.id AND ended_at IS NULL)
               AS "hasOpenWork"
           FROM project p
           WHERE id = $1 AND archived_at IS NULL AND (forge <> 'local' OR linear_team_key IS NOT NULL)`,
    values: [projectId],
  });
  return rows[0];
}

export interface WatchedBranch {
  readonly branch: string;
  /** What its queue knew last; null without a queue. */
  readonly tipSha: string | null;
}

/** Branches that live queues land on. */
export async function listQueueBranches(db: Queryable, projectId: string): Promise<readonly WatchedBranch[]> {
  const { rows } = await db.query<WatchedBranch>({
    name: 'list-queue-branches',
    text: `SELECT DISTINCT e.branch, l.tip_sha AS "tipSha"
           FROM queue_entry e LEFT JOIN queue_lane l ON l.project_id = e.project_id AND l.branch = e.branch
           WHERE e.project_id = $1 AND e.state IN ('queued', 'active', 'rebasing')`,
    values: [projectId],
  });
  return rows;
}

/** Whether our own queue put the commit there. */
export async function isOwnLanding(db: Queryable, projectId: string, sha: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'is-own-landing',
    text: `SELECT 1 FROM queue_entry WHERE project_id = $1 AND (landed_sha = $2 OR landing->>'commit' = $2) LIMIT 1`,
    values: [projectId, sha],
  });
  return rowCount > 0;
}

/** The branch of the live queue that the pull request waits in. */
export async function findQueueOf(db: Queryable, projectId: string, prNumber: number): Promise<string | undefined> {
  const { rows } = await db.query<{ readonly branch: string }>({
    name: 'find-queue-of-pull-request',
    text: `SELECT branch FROM queue_entry
           WHERE project_id = $1 AND pr_number = $2 AND state IN ('queued', 'active', 'rebasing')`,
    values: [projectId, prNumber],
  });
  return rows[0]?.branch;
}

/** Pull requests of ours that our rows call open. */
export async function listOpenPullRequests(db: Queryable, projectId: string): Promise<readonly number[]> {
  const { rows } = await db.query<{ readonly number: number }>({
    name: 'list-open-pull-requests',
    text: `SELECT number FROM pull_request WHERE project_id = $1 AND state = 'open' ORDER BY number`,
    values: [projectId],
  });
  return rows.map(({ number }) => number);
}

/** One project does what is done for all of them. */
export async function isFirstShared(db: Queryable, projectId: string): Promise<boolean> {
  const { rows } = await db.query<{ readonly first: string | null }>({
    name: 'find-first-shared-project',
    text: `SELECT min(id::text) AS first FROM project WHERE archived_at IS NULL AND forge <> 'local'`,
  });
  return rows[0]?.first === projectId;
}

/** Why a tracker beside the forge cannot be read, or null; the forge's own says it elsewhere. */
export async function saveProblem(
  db: Queryable,
  projectId: string,
  tracker: TrackerKind,
  problem: string | null,
): Promise<void> {
  if (tracker !== 'linear') return;
  await db.query({
    name: 'save-linear-problem',
    text: `UPDATE project SET linear_problem = $2 WHERE id = $1 AND linear_problem IS DISTINCT FROM $2`,
    values: [projectId, problem],
  });
}

/** Nobody has looked for the team since the project was linked to it. */
export async function isTeamUnknown(db: Queryable, projectId: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'is-linear-team-unknown',
    text: `SELECT 1 FROM project WHERE id = $1 AND linear_team_key IS NOT NULL AND linear_team_id IS NULL
             AND linear_problem IS NULL`,
    values: [projectId],
  });
  return rowCount > 0;
}
