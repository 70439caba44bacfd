import { hasCommit, treeOf } from '../git/objects.js';
import type { Violation } from './finding.js';
import { forgeView } from './forge-view.js';
import { type Landed, landedEntries } from './landed.js';
import type { Truths } from './truths.js';

/** I2: at most one open pull request and one merge a task; what was merged is the tree that was tested. */
export async function landedOnce(truths: Truths): Promise<readonly Violation[]> {
  const landed = await landedEntries(truths.db);
  const perEntry = await Promise.all(landed.map((entry) => lookAtTree(truths, entry)));
  return [...(await lookAtRows(truths)), ...perEntry.flat()];
}

async function lookAtRows({ db }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; open: number; merged: number; landed: number }>({
    text: `WITH owner AS (
             SELECT CASE WHEN task_id IS NULL THEN 'epic/' || epic_id ELSE 'task/' || task_id END AS subject, state
             FROM pull_request WHERE task_id IS NOT NULL OR epic_id IS NOT NULL),
           entry AS (
             SELECT CASE WHEN task_id IS NULL THEN 'epic/' || epic_id ELSE 'task/' || task_id END AS subject,
                    count(DISTINCT landed_sha) AS landed
             FROM queue_entry WHERE state = 'landed' GROUP BY 1)
           SELECT subject, count(*) FILTER (WHERE owner.state = 'open')::int AS open,
                  count(*) FILTER (WHERE owner.state = 'merged')::int AS merged, coalesce(max(landed), 0)::int AS landed
           FROM owner LEFT JOIN entry USING (subject) GROUP BY subject
           HAVING count(*) FILTER (WHERE owner.state = 'open') > 1 OR count(*) FILTER (WHERE owner.state = 'merged') > 1
               OR max(landed) > 1
           ORDER BY 1`,
  });
  return rows.map(({ subject, open, merged, landed }) => ({
    subject,
    detail: `has ${open} open and ${merged} merged pull requests and landed ${landed} times`,
    remedy: 'Look at its pull requests; revert the merge that should not be there.',
  }));
}

async function lookAtTree(truths: Truths, entry: Landed): Promise<readonly Violation[]> {
  const { subject, projectId, commit, tree } = entry;
  // An outsider put it on the base, or an earlier life of the queue: there is no landing of ours to compare with.
  if (tree === null) return [];
  const remedy = 'Run the required checks on that commit, and revert it when they fail.';
  const { repository } = await forgeView(truths, projectId);
  if (!(await hasCommit(repository, commit)))
    return [{ subject, detail: `its merge ${commit.slice(0, 12)} is not in the forge`, remedy: 'Restore the forge.' }];
  const merged = await treeOf(repository, commit);
  if (merged !== tree)
    return [{ subject, detail: `merged tree ${merged.slice(0, 12)} is not the tested ${tree.slice(0, 12)}`, remedy }];
  const { rows } = await truths.db.query<{ tested: boolean }>({
    text: `SELECT EXISTS (SELECT 1 FROM evidence WHERE project_id = $1 AND tree = $2 AND outcome = 'passed')
               OR EXISTS (SELECT 1 FROM queue_build WHERE project_id = $1 AND candidate->>'tree' = $2
                            AND result->>'cause' = 'none') AS tested`,
    values: [projectId, tree],
  });
  return rows[0]?.tested
    ? []
    : [{ subject, detail: `tree ${tree.slice(0, 12)} landed without a passed check`, remedy }];
}
