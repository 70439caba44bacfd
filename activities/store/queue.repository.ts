import type { BuildResult, Candidate, LandingTarget } from '../../domain/merge/types.js';
import { storableJson } from '../../infra/artifacts.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type {
  QueueEntryRecord,
  QueueLaneRecord,
  QueueRef,
  RecordBuildInput,
  StoredBuild,
} from '../../workflows/contract/activities/merge.js';

/** Inserts or overwrites the row of one entry; a row of a later generation stays. */
export async function upsertEntry(tx: Tx, at: QueueRef, gen: number, entry: QueueEntryRecord): Promise<void> {
  await tx.query({
    name: 'upsert-queue-entry',
    text: `INSERT INTO queue_entry (id, project_id, branch, pr_number, task_id, epic_id, owner, title, head_ref, head_sha,
                                    patch_id, seq, priority, fixes_base, state, reason, detail, landed_sha, enqueued_by,
                                    version, enqueued_at, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
           ON CONFLICT (id) DO UPDATE SET
             title = excluded.title, head_sha = excluded.head_sha, patch_id = excluded.patch_id, seq = excluded.seq,
             priority = excluded.priority, fixes_base = excluded.fixes_base, state = excluded.state,
             reason = excluded.reason, detail = excluded.detail, landed_sha = excluded.landed_sha,
             version = excluded.version, decided_at = excluded.decided_at
           WHERE queue_entry.version <= excluded.version AND queue_entry.decided_at IS NULL`,
    values: [
      entry.entryId,
      at.projectId,
      at.branch,
      entry.prNumber,
      entry.taskId ?? null,
      entry.epicId ?? null,
      entry.owner,
      entry.title,
      entry.headRef,
      entry.headSha,
      entry.patchId === '' ? null : entry.patchId,
      entry.seq,
      entry.priority,
      entry.fixesBase,
      entry.state,
      entry.reason ?? null,
      storableJson(entry.detail ?? {}),
      entry.landedSha ?? null,
      entry.enqueuedBy,
      gen,
      entry.enqueuedAt,
      entry.decidedAt ?? null,
    ],
  });
}

export async function upsertLane(tx: Tx, at: QueueRef, gen: number, lane: QueueLaneRecord): Promise<void> {
  await tx.query({
    name: 'upsert-queue-lane',
    text: `INSERT INTO queue_lane (project_id, branch, mode, paused_by, draining, by, reason, tip_sha, since, version)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (project_id, branch) DO UPDATE SET
             mode = excluded.mode, paused_by = excluded.paused_by, draining = excluded.draining, by = excluded.by,
             reason = excluded.reason, tip_sha = excluded.tip_sha, since = excluded.since, version = excluded.version,
             updated_at = now()
           WHERE queue_lane.version <= excluded.version`,
    values: [
      at.projectId,
      at.branch,
      lane.mode,
      lane.pausedBy,
      lane.draining,
      lane.by,
      lane.reason,
      lane.tip,
      lane.since,
      gen,
    ],
  });
}

export interface EntryRow {
  readonly state: QueueEntryRecord['state'];
  readonly landing: LandingTarget | null;
  readonly landedSha: string | null;
}

export async function findEntryRow(db: Queryable, entryId: string): Promise<EntryRow | undefined> {
  const { rows } = await db.query<{
    state: EntryRow['state'];
    landing: LandingTarget | null;
    landed_sha: string | null;
  }>({
    name: 'find-queue-entry',
    text: 'SELECT state, landing, landed_sha FROM queue_entry WHERE id = $1',
    values: [entryId],
  });
  const [row] = rows;
  return row && { state: row.state, landing: row.landing, landedSha: row.landed_sha };
}

/** Before the push: whoever finds the row knows which commit to look for on the remote. */
export async function setLandingTarget(db: Queryable, entryId: string, target: LandingTarget): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'set-landing-target',
    text: 'UPDATE queue_entry SET landing = $2 WHERE id = $1 AND decided_at IS NULL',
    values: [entryId, storableJson(target)],
  });
  return rowCount > 0;
}

const buildId = (pathId: string, attempt: number): string => `${pathId}/${attempt}`;

/** A stored verdict is never overwritten, not by a cancellation that came after it either. */
export async function upsertBuild(db: Queryable, build: RecordBuildInput): Promise<void> {
  await db.query({
    name: 'upsert-queue-build',
    text: `INSERT INTO queue_build (id, project_id, branch, head, members, "on", candidate, status, cause, failed_tests,
                                    workflow_id, machine_ms, result, ended_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, CASE WHEN $8 = 'building' THEN NULL ELSE now() END)
           ON CONFLICT (id) DO UPDATE SET
             candidate = excluded.candidate, status = excluded.status, cause = excluded.cause,
             failed_tests = excluded.failed_tests, machine_ms = excluded.machine_ms, result = excluded.result,
             ended_at = excluded.ended_at
           WHERE queue_build.status = 'building'`,
    values: [
      buildId(build.pathId, build.attempt),
      build.projectId,
      build.branch,
      build.head,
      build.members,
      build.on,
      build.candidate ? storableJson(build.candidate) : null,
      build.status,
      build.result?.cause ?? null,
      build.result?.failedTests ?? [],
      build.workflowId,
      build.machineMs,
      build.result ? storableJson(build.result) : null,
    ],
  });
}

export async function findBuild(db: Queryable, pathId: string, attempt: number): Promise<StoredBuild | null> {
  const { rows } = await db.query<{
    status: StoredBuild['status'];
    candidate: Candidate | null;
    result: BuildResult | null;
  }>({
    name: 'find-queue-build',
    text: 'SELECT status, candidate, result FROM queue_build WHERE id = $1',
    values: [buildId(pathId, attempt)],
  });
  const [row] = rows;
  if (!row) return null;
  return {
    status: row.status,
    ...(row.candidate ? { candidate: row.candidate } : {}),
    ...(row.result ? { result: row.result } : {}),
  };
}
