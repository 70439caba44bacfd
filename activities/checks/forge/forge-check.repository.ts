import type { Queryable } from '../../../infra/pg/statement.js';
import type { CheckPurpose, CheckRun } from '../../../workflows/contract/activities/checks.js';

export interface ForgeCheckId {
  readonly projectId: string;
  readonly key: string;
  readonly buildId: string;
  readonly purpose: CheckPurpose;
}

export interface ForgeCheckClaim {
  /** What was said of the commit before it was asked for. */
  readonly beforeMark: string | null;
  /** Only another word than that counts. */
  readonly needsNewer: boolean;
  /** Since it was asked for first, whoever asked. */
  readonly waitedMs: number;
}

/** Takes up what an earlier attempt has asked for, or begins. */
export async function claimForgeCheck(
  db: Queryable,
  { projectId, key, buildId, purpose }: ForgeCheckId,
  begun: Omit<ForgeCheckClaim, 'waitedMs'> & ForgeCheckAsked,
): Promise<ForgeCheckClaim> {
  const { rows } = await db.query<ForgeCheckClaim>({
    name: 'claim-forge-check',
    text: `INSERT INTO forge_check (project_id, key, build_id, purpose, commit_sha, ref, before_mark, needs_newer, context,
             gives_up_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10::float8 / 1000))
           ON CONFLICT (project_id, key, build_id, purpose) DO UPDATE
             SET outcome = NULL, ended_at = NULL, context = excluded.context,
                 gives_up_at = forge_check.asked_at + (excluded.gives_up_at - now())
           RETURNING before_mark AS "beforeMark", needs_newer AS "needsNewer",
             greatest(0, extract(epoch FROM clock_timestamp() - asked_at) * 1000)::float8 AS "waitedMs"`,
    values: [
      projectId,
      key,
      buildId,
      purpose,
      begun.commit,
      begun.ref,
      begun.beforeMark,
      begun.needsNewer,
      begun.context,
      begun.timeoutMs,
    ],
  });
  return rows[0] ?? { ...begun, waitedMs: 0 };
}

interface ForgeCheckAsked {
  readonly commit: string;
  readonly ref: string;
  /** What the forge calls it. */
  readonly context: string;
  /** The longest that it is waited for. */
  readonly timeoutMs: number;
}

/** Whether somebody has waited for the end of this very run already, in vain. */
export async function isGivenUp(
  db: Queryable,
  { projectId, key, commit, mark }: Pick<ForgeCheckId, 'projectId' | 'key'> & Record<'commit' | 'mark', string>,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'is-forge-check-given-up',
    text: `SELECT 1 FROM forge_check
           WHERE project_id = $1 AND key = $2 AND commit_sha = $3 AND outcome = 'timeout' AND last_mark = $4 LIMIT 1`,
    values: [projectId, key, commit, mark],
  });
  return rowCount > 0;
}

/** @param lastMark of what had begun and did not end */
export async function endForgeCheck(
  db: Queryable,
  { projectId, key, buildId, purpose }: ForgeCheckId,
  outcome: CheckRun['outcome'] | 'left',
  lastMark?: string,
): Promise<void> {
  await db.query({
    name: 'end-forge-check',
    text: `UPDATE forge_check SET outcome = $5, ended_at = now(), last_mark = $6
           WHERE project_id = $1 AND key = $2 AND build_id = $3 AND purpose = $4`,
    values: [projectId, key, buildId, purpose, outcome, lastMark ?? null],
  });
}

/** What the CI says while nobody may ask for it is no lateness of the CI. */
export async function postponeForgeCheck(
  db: Queryable,
  { projectId, key, buildId, purpose }: ForgeCheckId,
  ms: number,
): Promise<void> {
  await db.query({
    name: 'postpone-forge-check',
    text: `UPDATE forge_check SET asked_at = asked_at + make_interval(secs => $5::float8 / 1000),
             gives_up_at = gives_up_at + make_interval(secs => $5::float8 / 1000)
           WHERE project_id = $1 AND key = $2 AND build_id = $3 AND purpose = $4`,
    values: [projectId, key, buildId, purpose, ms],
  });
}

/**
 * Those of the branches that a build may still need: it waits there, or will ask again for what was red once. One that
 * was ended while its worker was dead never says that it waits no longer; its row, or that of its task, does.
 */
export async function listNeededRefs(
  db: Queryable,
  projectId: string,
  refs: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await db.query<{ readonly ref: string }>({
    name: 'list-needed-candidate-refs',
    text: `SELECT DISTINCT ref FROM forge_check c
           WHERE project_id = $1 AND ref = ANY ($2)
             AND (ended_at IS NULL AND asked_at > now() - interval '2 hours'
                  OR purpose = 'first' AND outcome = 'failed' AND ended_at > now() - interval '10 minutes'
                     AND NOT EXISTS (SELECT 1 FROM forge_check r WHERE r.project_id = c.project_id AND r.key = c.key
                                     AND r.build_id = c.build_id AND r.purpose = 'rerun' AND r.ended_at IS NOT NULL))
             AND NOT EXISTS (SELECT 1 FROM queue_build b WHERE b.id = c.build_id AND b.ended_at IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM task t WHERE t.project_id = $1
                             AND c.build_id LIKE 'task/' || t.id || '/%'
                             AND t.state IN ('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED'))`,
    values: [projectId, refs],
  });
  return rows.map(({ ref }) => ref);
}

/** Payload: the commit's sha. */
export const COMMIT_NEWS = 'forge_commit';

/** @returns false when nobody waits for it */
export async function tellCommitNews(db: Queryable, projectId: string, sha: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'tell-commit-news',
    text: `SELECT pg_notify($3, $2) FROM forge_check
           WHERE project_id = $1 AND commit_sha = $2 AND ended_at IS NULL LIMIT 1`,
    values: [projectId, sha, COMMIT_NEWS],
  });
  return rowCount > 0;
}

export interface CiProject {
  readonly baseBranch: string | null;
  /** An admin said that nothing is checked. */
  readonly areChecksWaived: boolean;
}

export async function findCiProject(db: Queryable, projectId: string): Promise<CiProject> {
  const { rows } = await db.query<CiProject>({
    name: 'find-ci-project',
    text: `SELECT base_branch AS "baseBranch", coalesce(overrides -> 'checks' = '"none"', false) AS "areChecksWaived"
           FROM project WHERE id = $1`,
    values: [projectId],
  });
  return rows[0] ?? { baseBranch: null, areChecksWaived: true };
}

/** 95th percentile of the last 20 verdicts of each check of the forge's CI. */
export async function contextP95Ms(db: Queryable, projectId: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.query<{ readonly check: string; readonly ms: number }>({
    name: 'context-p95-ms',
    text: `SELECT check_name AS check, percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS ms
           FROM (SELECT check_name, duration_ms,
                        row_number() OVER (PARTITION BY check_name ORDER BY created_at DESC) AS newest
                 FROM evidence WHERE project_id = $1 AND key LIKE 'forge:%' AND duration_ms > 0) AS recent
           WHERE newest <= 20 GROUP BY check_name`,
    values: [projectId],
  });
  return Object.fromEntries(rows.map(({ check, ms }) => [check, ms]));
}
