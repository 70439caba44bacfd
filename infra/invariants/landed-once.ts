import { treesOf } from '../git/objects.js';
import type { Violation } from './finding.js';
import { forgeView } from './forge-view.js';
import { type Landed, landedEntries } from './landed.js';
import type { Truths } from './truths.js';

/** I2: at most one open pull request and one merge a task; what was merged is the tree that was tested. */
export async function landedOnce(truths: Truths): Promise<readonly Violation[]> {
  const found = [...(await lookAtRows(truths))];
  const byProject = new Map<string, Tested[]>();
  for (const entry of await landedEntries(truths.db)) {
    const { projectId, tree } = entry;
    // Without a tree: an outsider put it on the base, or an earlier life of the queue. There is nothing to compare with.
    if (tree !== null) byProject.set(projectId, [...(byProject.get(projectId) ?? []), { ...entry, tree }]);
  }
  for (const [projectId, entries] of byProject) found.push(...(await lookAtTrees(truths, projectId, entries)));
  return found;
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

type Tested = Landed & { readonly tree: string };

/** By one git and one statement, however much has landed: one each would be thousands in a home of some months. */
async function lookAtTrees(
  truths: Truths,
  projectId: string,
  entries: readonly Tested[],
): Promise<readonly Violation[]> {
  const { repository } = await forgeView(truths, projectId);
  const commits = entries.map(({ commit }) => commit);
  const [merged, passed] = [await treesOf(repository, commits), await passedTrees(truths, projectId)];
  return entries.flatMap(({ subject, commit, tree }) => {
    const remedy = 'Run the required checks on that commit, and revert it when they fail.';
    const actual = merged.get(commit);
    const short = tree.slice(0, 12);
    if (actual === undefined) {
      const detail = `its merge ${commit.slice(0, 12)} is not in the forge`;
      return [{ subject, detail, remedy: 'Restore the forge.' }];
    }
    if (actual !== tree)
      return [{ subject, detail: `merged tree ${actual.slice(0, 12)} is not the tested ${short}`, remedy }];
    return passed.has(tree) ? [] : [{ subject, detail: `tree ${short} landed without a passed check`, remedy }];
  });
}

/** Of those that landed. */
async function passedTrees({ db }: Truths, projectId: string): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ tree: string }>({
    text: `WITH landed AS (SELECT DISTINCT landing->>'tree' AS tree FROM queue_entry
                           WHERE project_id = $1 AND state = 'landed')
           SELECT tree FROM evidence JOIN landed USING (tree) WHERE project_id = $1 AND outcome = 'passed'
           UNION
           SELECT tree FROM queue_build JOIN landed ON tree = candidate->>'tree'
           WHERE project_id = $1 AND result->>'cause' = 'none'`,
    values: [projectId],
  });
  return new Set(rows.map(({ tree }) => tree));
}
