import { hasCommit, isAncestor } from '../../infra/git/objects.js';
import type { Repository } from '../../infra/git/repository.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import { mergeQueueRow } from '../../workflows/contract/starts.js';
import type { Tuning } from '../../workflows/contract/tuning.js';

/** Where the branch's queue saw it last, in this life or an earlier one. */
export async function findLaneTip(db: Queryable, projectId: string, branch: string): Promise<string | undefined> {
  const { rows } = await db.query<{ readonly tip: string }>({
    name: 'find-lane-tip',
    text: `SELECT tip_sha AS tip FROM queue_lane WHERE project_id = $1 AND branch = $2 AND tip_sha <> ''`,
    values: [projectId, branch],
  });
  return rows[0]?.tip;
}

/** The first of the known commits that the tip no longer contains: the branch was pushed by force. */
export async function findLost(
  mirror: Repository,
  tip: string,
  known: readonly (string | null | undefined)[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (const sha of known) {
    if (sha === null || sha === undefined || sha === tip) continue;
    if (!(await hasCommit(mirror, sha, signal)) || !(await isAncestor(mirror, sha, tip, signal))) return sha;
  }
  return undefined;
}

/** Whatever lives of the queue looks for itself; where none does, one begins, finds the same, and holds its lane. */
export async function startQueueOf(
  writes: WritePool,
  { projectId, branch, knownTip, tuning }: QueueToStart,
): Promise<void> {
  await withTransaction(writes, (tx) => insertOutbox(tx, mergeQueueRow({ projectId, branch, knownTip, tuning })));
}

interface QueueToStart {
  readonly projectId: string;
  readonly branch: string;
  readonly knownTip: string;
  readonly tuning: Tuning;
}

/** What the import has seen of a base that others change too. */
export async function saveBaseSeen(
  db: Queryable,
  { projectId, isDefault }: { readonly projectId: string; readonly isDefault: boolean },
): Promise<void> {
  await db.query({
    name: 'save-base-seen',
    text: `UPDATE project SET is_base_default = $2, base_gone_since = NULL
           WHERE id = $1 AND (is_base_default <> $2 OR base_gone_since IS NOT NULL)`,
    values: [projectId, isDefault],
  });
}
