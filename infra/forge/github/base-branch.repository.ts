import type { RenamedBranch } from '../../git/branch-names.js';
import { appendEvent, insertDecision } from '../../pg/events.js';
import type { Queryable } from '../../pg/statement.js';
import { withTransaction } from '../../pg/transaction.js';
import type { WritePool } from '../../pg/writes.js';

export interface KnownBase {
  /** As rows and workflows call it. */
  readonly here: string;
  /** As the forge called it when it was seen last. */
  readonly there: string;
  /** It was the repository's default branch when it was imported last. */
  readonly isDefault: boolean;
  /** Where the import and the queue saw it last. */
  readonly tips: readonly string[];
}

/** Undefined before the first import. */
export async function findKnownBase(db: Queryable, projectId: string): Promise<KnownBase | undefined> {
  const { rows } = await db.query<KnownBase>({
    name: 'find-known-base',
    text: `SELECT p.base_branch AS here, coalesce(p.forge_base_branch, p.base_branch) AS there,
             p.is_base_default AS "isDefault", array_remove(ARRAY[p.tip_sha, l.tip_sha], NULL) AS tips
           FROM project p LEFT JOIN queue_lane l ON l.project_id = p.id AND l.branch = p.base_branch
           WHERE p.id = $1 AND p.base_branch IS NOT NULL`,
    values: [projectId],
  });
  return rows[0];
}

/** Work that is under way keeps the old name; only what is said to the forge changes. */
export async function saveBaseRenamed(
  writes: WritePool,
  projectId: string,
  { here, there }: RenamedBranch,
  proof: string,
): Promise<void> {
  await withTransaction(writes, async (tx) => {
    const { rowCount } = await tx.query({
      name: 'save-base-renamed',
      text: `UPDATE project SET forge_base_branch = nullif($2, base_branch), base_gone_since = NULL, updated_at = now()
             WHERE id = $1 AND coalesce(forge_base_branch, base_branch) <> $2`,
      values: [projectId, there],
    });
    // Somebody else has seen it too.
    if (rowCount === 0) return;
    await insertDecision(tx, {
      projectId,
      kind: 'decision',
      title: `the base branch ${here} is called ${there} at the forge`,
      decision: 'followed',
      reasoning: proof,
    });
    await appendEvent(tx, { projectId, type: 'project.base_renamed', data: { here, there } });
  });
}

/** The forge closes what was to land on a branch that goes: what is open now is to be opened again. */
export async function saveBaseGone(writes: WritePool, projectId: string): Promise<void> {
  await withTransaction(writes, async (tx) => {
    const { rowCount } = await tx.query({
      name: 'save-base-gone',
      text: 'UPDATE project SET base_gone_since = now(), updated_at = now() WHERE id = $1 AND base_gone_since IS NULL',
      values: [projectId],
    });
    if (rowCount === 0) return;
    await tx.query({
      name: 'await-base-of-pull-requests',
      text: `UPDATE pull_request SET awaits_base = true
             WHERE project_id = $1 AND state = 'open' AND base_ref = (SELECT base_branch FROM project WHERE id = $1)`,
      values: [projectId],
    });
  });
}

/** Whether our row still calls it open, and whether it lost its base meanwhile. */
export async function findOpenRow(
  db: Queryable,
  projectId: string,
  number: number,
): Promise<{ readonly awaitsBase: boolean } | undefined> {
  const { rows } = await db.query<{ readonly awaitsBase: boolean }>({
    name: 'find-open-pull-request-row',
    text: `SELECT awaits_base AS "awaitsBase" FROM pull_request WHERE project_id = $1 AND number = $2 AND state = 'open'`,
    values: [projectId, number],
  });
  return rows[0];
}

export async function endAwaitOfBase(db: Queryable, projectId: string, number: number): Promise<void> {
  await db.query({
    name: 'end-await-of-base',
    text: 'UPDATE pull_request SET awaits_base = false WHERE project_id = $1 AND number = $2 AND awaits_base',
    values: [projectId, number],
  });
}
