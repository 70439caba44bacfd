import { v7 as uuidv7 } from 'uuid';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { EvidenceRecord } from '../../workflows/contract/activities/checks.js';

/** A passed verdict is trusted for a week, a failed one for a day: machines change under both. */
const KEPT = { passed: '7 days', failed: '24 hours' } as const;

interface EvidenceRow {
  readonly id: string;
  readonly key: string;
  readonly check_name: string;
  readonly tree: string;
  readonly outcome: 'passed' | 'failed';
  readonly flaky_tests: string[];
  readonly failed_tests: string[];
  readonly log_ref: string | null;
  readonly build_id: string;
  readonly duration_ms: number;
}

const toEvidence = (row: EvidenceRow): EvidenceRecord => ({
  id: row.id,
  key: row.key,
  check: row.check_name,
  tree: row.tree,
  outcome: row.outcome,
  flakyTests: row.flaky_tests,
  failedTests: row.failed_tests,
  buildId: row.build_id,
  ms: row.duration_ms,
  ...(row.log_ref === null ? {} : { logRef: row.log_ref }),
});

/** Verdicts that count: neither voided nor expired. At most one a key. */
export async function findEvidence(
  db: Queryable,
  projectId: string,
  keys: readonly string[],
): Promise<readonly EvidenceRecord[]> {
  const { rows } = await db.query<EvidenceRow>({
    name: 'find-evidence',
    text: `SELECT id, key, check_name, tree, outcome, flaky_tests, failed_tests, log_ref, build_id, duration_ms
           FROM evidence
           WHERE project_id = $1 AND key = ANY ($2) AND voided_at IS NULL AND expires_at > now()
           ORDER BY key`,
    values: [projectId, keys],
  });
  return rows.map(toEvidence);
}

/** Inserts unless a live verdict of the key exists. @returns whether this one is it now */
export async function insertEvidence(
  tx: Tx,
  projectId: string,
  record: Omit<EvidenceRecord, 'id'>,
): Promise<'inserted' | 'exists'> {
  // An expired record would hold the key for ever.
  await tx.query({
    name: 'void-expired-evidence',
    text: `UPDATE evidence SET voided_at = now(), void_reason = 'expired'
           WHERE project_id = $1 AND key = $2 AND voided_at IS NULL AND expires_at <= now()`,
    values: [projectId, record.key],
  });
  const { rowCount } = await tx.query({
    name: 'insert-evidence',
    text: `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, flaky_tests, failed_tests, log_ref,
                                 build_id, duration_ms, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + $12::interval)
           ON CONFLICT (project_id, key) WHERE voided_at IS NULL DO NOTHING`,
    values: [
      uuidv7(),
      projectId,
      record.key,
      record.check,
      record.tree,
      record.outcome,
      record.flakyTests,
      record.failedTests,
      record.logRef ?? null,
      record.buildId,
      record.ms,
      KEPT[record.outcome],
    ],
  });
  return rowCount > 0 ? 'inserted' : 'exists';
}

/** Kept with the reason, never overwritten. */
export async function voidEvidence(
  db: Queryable,
  projectId: string,
  keys: readonly string[],
  reason: string,
): Promise<void> {
  await db.query({
    name: 'void-evidence',
    text: `UPDATE evidence SET voided_at = now(), void_reason = $3
           WHERE project_id = $1 AND key = ANY ($2) AND voided_at IS NULL`,
    values: [projectId, keys, reason],
  });
}

/** Median duration of each check over its last 20 verdicts: what an estimate is made of. */
export async function usualCheckMs(db: Queryable, projectId: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.query<{ check_name: string; usual_ms: number }>({
    name: 'usual-check-ms',
    text: `SELECT check_name, percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS usual_ms
           FROM (SELECT check_name, duration_ms,
                        row_number() OVER (PARTITION BY check_name ORDER BY created_at DESC) AS newest
                 FROM evidence WHERE project_id = $1 AND duration_ms > 0) AS recent
           WHERE newest <= 20
           GROUP BY check_name`,
    values: [projectId],
  });
  return Object.fromEntries(rows.map((row) => [row.check_name, row.usual_ms]));
}

/** How the project's last 200 decided entries ended, for the scorer. */
export async function countVerdicts(
  db: Queryable,
  projectId: string,
): Promise<{ readonly landed: number; readonly failed: number }> {
  const { rows } = await db.query<{ landed: number; failed: number }>({
    name: 'count-verdicts',
    text: `SELECT count(*) FILTER (WHERE state = 'landed')::int AS landed,
                  count(*) FILTER (WHERE state = 'ejected' AND reason IN ('CHECKS_FAILED', 'CHECK_TIMEOUT'))::int AS failed
           FROM (SELECT state, reason FROM queue_entry
                 WHERE project_id = $1 AND decided_at IS NOT NULL ORDER BY decided_at DESC LIMIT 200) AS recent`,
    values: [projectId],
  });
  return rows[0] ?? { landed: 0, failed: 0 };
}
