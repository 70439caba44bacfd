import type { Queryable } from '../../infra/pg/statement.js';

export interface TreeOwner {
  readonly kind: 'task' | 'run';
  readonly id: string;
}

/** Ids of those owners whose rows say that they have ended, and of those that have rows at all. */
export async function findTreeOwners(
  db: Queryable,
  owners: readonly TreeOwner[],
): Promise<{ readonly known: ReadonlySet<string>; readonly ended: ReadonlySet<string> }> {
  const idsOf = (kind: TreeOwner['kind']): readonly string[] =>
    owners.filter((owner) => owner.kind === kind).map(({ id }) => id);
  const { rows } = await db.query<{ id: string; ended: boolean }>({
    name: 'find-tree-owners',
    text: `SELECT id, state IN ('COMPLETED', 'CANCELLED', 'SKIPPED', 'FAILED') AS ended FROM task WHERE id::text = ANY($1)
           UNION ALL
           SELECT id, state IN ('completed', 'failed', 'timeout', 'stopped', 'orphaned', 'cancelled') FROM run
             WHERE id::text = ANY($2)`,
    values: [idsOf('task'), idsOf('run')],
  });
  return {
    known: new Set(rows.map(({ id }) => id)),
    ended: new Set(rows.filter(({ ended }) => ended).map(({ id }) => id)),
  };
}
