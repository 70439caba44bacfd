import type { LandingCommit } from '../../infra/git/landings.js';
import { appendEvent, insertDecision } from '../../infra/pg/events.js';
import { lockInTransaction } from '../../infra/pg/locks.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import { epicWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';

/** A branch that open work lands on. */
export interface Target {
  readonly projectId: string;
  readonly branch: string;
  /** When the oldest of that work was filed. */
  readonly sinceSeconds: number;
}

/** The bases of projects with open work, and branches of open epics; an epic's branch may be gone. */
export async function listTargets(db: Queryable): Promise<readonly Target[]> {
  const { rows } = await db.query<Target>({
    name: 'list-landing-targets',
    text: `WITH work AS (
             SELECT project_id, branch, created_at FROM epic WHERE state NOT IN ('COMPLETED', 'CANCELLED')
             UNION ALL
             SELECT project_id, NULL, created_at FROM task
             WHERE epic_id IS NULL AND state NOT IN ('COMPLETED', 'CANCELLED', 'SKIPPED', 'FAILED'))
           SELECT project_id AS "projectId", branch, extract(epoch FROM min(created_at))::int8 AS "sinceSeconds"
           FROM work WHERE branch IS NOT NULL GROUP BY 1, 2
           UNION ALL
           SELECT w.project_id, p.base_branch, extract(epoch FROM min(w.created_at))::int8
           FROM work w JOIN project p ON p.id = w.project_id
           WHERE p.base_branch IS NOT NULL AND p.archived_at IS NULL GROUP BY 1, 2
           ORDER BY 1, 2`,
  });
  return rows;
}

/** Those that no entry of a queue tells of. */
export async function withoutEntry<T extends LandingCommit>(
  db: Queryable,
  landings: readonly T[],
): Promise<readonly T[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list-known-entries',
    text: 'SELECT id FROM queue_entry WHERE id = ANY($1::uuid[])',
    values: [landings.map(({ entryId }) => entryId)],
  });
  const known = new Set(rows.map(({ id }) => id));
  return landings.filter(({ entryId }) => !known.has(entryId));
}

interface Owner {
  readonly kind: 'task' | 'epic';
  readonly id: string;
  readonly projectId: string;
  readonly epicId: string | null;
  readonly branch: string;
}

/**
 * Writes again what the rows have lost of a landing: the entry that landed, the pull request that was merged. Whoever
 * opens the work next finds it done. @returns false when somebody has written it meanwhile
 */
export function restoreLanding(
  writes: WritePool,
  { projectId, branch }: Pick<Target, 'projectId' | 'branch'>,
  landing: LandingCommit,
): Promise<boolean> {
  return withTransaction(writes, async (tx) => {
    await lockInTransaction(tx, `pull-request/${projectId}`);
    const owner = await findOwner(tx, projectId, landing);
    // A branch that was pulled from project to project brings its landings along.
    if (owner !== undefined && owner.projectId !== projectId) return false;
    const target = owner?.kind === 'task' ? await targetOf(tx, owner.id, branch) : branch;
    if (!(await insertEntry(tx, { projectId, branch: target, owner, landing }))) return false;
    await mergePullRequest(tx, { projectId, branch: target, owner, landing });
    if (owner !== undefined) await noteLanding(tx, { projectId, branch: target, owner, landing });
    return true;
  });
}

async function findOwner(tx: Tx, projectId: string, { taskId, lastTaskId }: LandingCommit): Promise<Owner | undefined> {
  const { rows } = await tx.query<Owner>({
    name: 'find-owner-of-landing',
    text: `SELECT 'task' AS kind, id, project_id AS "projectId", epic_id AS "epicId", branch FROM task WHERE id = $1::uuid
           UNION ALL
           SELECT 'epic', e.id, e.project_id, e.id, e.branch FROM task t JOIN epic e ON e.id = t.epic_id
           WHERE t.id = $2::uuid AND e.merge_target = 'epic'`,
    values: [taskId ?? null, lastTaskId ?? null],
  });
  // A task that the rows do not know yet: a plan that is applied again gives it the same id.
  return (
    rows[0] ?? (taskId === undefined ? undefined : { kind: 'task', id: taskId, projectId, epicId: null, branch: '' })
  );
}

/** An epic's tasks land on its branch, which may be seen on the base alone. */
async function targetOf(tx: Tx, taskId: string, seenOn: string): Promise<string> {
  const { rows } = await tx.query<{ branch: string | null }>({
    name: 'find-target-of-task',
    text: `SELECT coalesce(t.target_branch, CASE WHEN e.merge_target = 'epic' THEN e.branch END) AS branch
           FROM task t LEFT JOIN epic e ON e.id = t.epic_id WHERE t.id = $1`,
    values: [taskId],
  });
  return rows[0]?.branch ?? seenOn;
}

interface Found {
  readonly projectId: string;
  readonly branch: string;
  readonly owner: Owner | undefined;
  readonly landing: LandingCommit;
}

const isTask = (owner: Owner | undefined): boolean => owner?.kind === 'task';

const headRefOf = ({ owner, landing }: Found): string => owner?.branch || `lost/${landing.headSha.slice(0, 12)}`;

async function insertEntry(tx: Tx, found: Found): Promise<boolean> {
  const { projectId, branch, owner, landing } = found;
  const { rowCount } = await tx.query({
    name: 'restore-queue-entry',
    text: `INSERT INTO queue_entry (id, project_id, branch, pr_number, task_id, epic_id, owner, title, head_ref, head_sha,
                                    seq, state, reason, landed_sha, enqueued_by, enqueued_at, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 'landed', 'found on the branch', $11, 'millwright',
                   to_timestamp($12), to_timestamp($12))
           ON CONFLICT (id) DO NOTHING`,
    values: [
      landing.entryId,
      projectId,
      branch,
      landing.prNumber,
      isTask(owner) ? owner?.id : null,
      owner?.epicId ?? null,
      owner === undefined ? '' : isTask(owner) ? taskWorkflowId(owner.id) : epicWorkflowId(owner.id),
      landing.title,
      headRefOf(found),
      landing.headSha,
      landing.sha,
      landing.landedAtSeconds,
    ],
  });
  return rowCount === 1;
}

/** Also of work that the rows have lost altogether: its number must not be given again. */
async function mergePullRequest(tx: Tx, found: Found): Promise<void> {
  const { projectId, branch, owner, landing } = found;
  const isKnown = owner !== undefined && owner.branch !== '';
  await tx.query({
    name: 'restore-pull-request',
    text: `INSERT INTO pull_request (project_id, number, task_id, epic_id, title, body, author, head_ref, head_sha, base_ref,
                                     base_sha, state, merge_commit_sha, marker, created_at, closed_at)
           VALUES ($1, $2, $3, $4, $5, 'Found on the branch: the rows are older than it.', 'Millwright', $6, $7, $8, $9,
                   'merged', $10, $11, to_timestamp($12), to_timestamp($12))
           ON CONFLICT (project_id, number) DO UPDATE
             SET state = 'merged', merge_commit_sha = excluded.merge_commit_sha, head_sha = excluded.head_sha,
                 closed_at = excluded.closed_at, updated_at = now()
             WHERE pull_request.state = 'open' AND pull_request.head_ref = excluded.head_ref`,
    values: [
      projectId,
      landing.prNumber,
      isKnown && isTask(owner) ? owner.id : null,
      isKnown ? owner.epicId : null,
      landing.title,
      headRefOf(found),
      landing.headSha,
      branch,
      landing.baseSha,
      landing.sha,
      isKnown ? `millwright:${owner.kind}=${owner.id}` : '',
      landing.landedAtSeconds,
    ],
  });
}

async function noteLanding(tx: Tx, { projectId, branch, owner, landing }: Found): Promise<void> {
  if (owner === undefined || owner.branch === '') return;
  const { kind, id, epicId } = owner;
  const own = { text: '', values: [id, landing.prNumber, landing.headSha] };
  await tx.query(
    kind === 'task'
      ? { ...own, name: 'note-landed-task', text: 'UPDATE task SET pr_number = $2, head_sha = $3 WHERE id = $1' }
      : {
          ...own,
          values: [id, landing.prNumber],
          name: 'note-landed-epic',
          text: 'UPDATE epic SET pr_number = $2 WHERE id = $1',
        },
  );
  const subject = { projectId, ...(epicId === null ? {} : { epicId }), ...(kind === 'task' ? { taskId: id } : {}) };
  const reasoning = `${landing.sha} is on ${branch} already: the rows are of an earlier time than the repository`;
  await insertDecision(tx, {
    ...subject,
    kind: 'recovery',
    title: 'landed before',
    decision: 'not done again',
    reasoning,
  });
  await appendEvent(tx, {
    ...subject,
    type: `${kind}.recovery`,
    data: { mergeSha: landing.sha, prNumber: landing.prNumber },
  });
}
