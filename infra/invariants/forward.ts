import { firstParents, hasCommit, isAncestor, readRef } from '../git/objects.js';
import type { Violation } from './finding.js';
import { type ForgeView, forgeView } from './forge-view.js';
import { type Landed, landedEntries } from './landed.js';
import type { Truths } from './truths.js';

/** I3: what landed stays; each landing sits on the commit it was tested on; no landed tree is known to be red. */
export async function forward(truths: Truths): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const entry of await landedEntries(truths.db)) {
    const view = await forgeView(truths, entry.projectId);
    // Its absence is told by I2.
    if (await hasCommit(view.repository, entry.commit)) found.push(...(await lookAt(truths, view, entry)));
  }
  return [...found, ...(await redCommits(truths))];
}

async function lookAt({ db }: Truths, view: ForgeView, entry: Landed): Promise<readonly Violation[]> {
  const { subject, branch, commit, base } = entry;
  const remedy = `Find out who moved ${branch}, and merge what is missing again.`;
  const short = commit.slice(0, 12);
  const violations: Violation[] = [];
  const { repository } = view;
  const tip = await readRef(repository, view.refOf(branch));
  const isOn = tip !== undefined && (await isAncestor(repository, commit, tip));
  // A branch of an epic goes once the epic has landed; what landed on it must then be on the base.
  if (!isOn && !(tip === undefined && (await isOnBase(db, view, entry))))
    violations.push({ subject, detail: `its merge ${short} is no longer on ${branch}`, remedy });
  // Down to the base, without it: one commit when the base is its first parent.
  const line = base === null ? [] : await firstParents(repository, { base, tip: commit, limit: 2 });
  if (base !== null && line.length !== 1)
    violations.push({
      subject,
      detail: `its merge ${short} does not sit on ${base.slice(0, 12)}, where it was tested`,
      remedy,
    });
  return violations;
}

async function isOnBase(db: Truths['db'], { repository, refOf }: ForgeView, { projectId, commit, branch }: Landed) {
  const { rows } = await db.query<{ base: string | null; state: string | null; isPushed: boolean }>({
    text: `SELECT p.base_branch AS base, e.state,
                  EXISTS (SELECT FROM queue_entry q WHERE q.epic_id = e.id AND q.task_id IS NULL AND q.state = 'landed'
                          AND q.landing->>'base' IS NOT NULL) AS "isPushed"
           FROM project p LEFT JOIN epic e ON e.project_id = p.id AND e.branch = $2 WHERE p.id = $1`,
    values: [projectId, branch],
  });
  const [row] = rows;
  // A cancelled epic takes its branch along.
  if (row?.state === 'CANCELLED') return true;
  // The base had the whole change by another way: there was nothing to push.
  if (row?.state === 'COMPLETED' && !row.isPushed) return true;
  const tip = row?.base ? await readRef(repository, refOf(row.base)) : undefined;
  return tip !== undefined && (await isAncestor(repository, commit, tip));
}

/** Landed trees with a verdict that failed and was not voided. */
export async function redCommits({ db }: Pick<Truths, 'db'>): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; commit: string; check: string }>({
    text: `SELECT DISTINCT CASE WHEN q.task_id IS NULL THEN 'epic/' || q.epic_id ELSE 'task/' || q.task_id END AS subject,
                  q.landed_sha AS commit, e.check_name AS check
           FROM queue_entry q JOIN evidence e ON e.project_id = q.project_id AND e.tree = q.landing->>'tree'
           JOIN project p ON p.id = q.project_id
           WHERE q.state = 'landed' AND e.outcome = 'failed' AND e.voided_at IS NULL
             AND EXISTS (SELECT 1 FROM jsonb_array_elements(p.config->'checks') c
                         WHERE c->>'name' = e.check_name AND coalesce((c->>'required')::boolean, true))
           ORDER BY 1`,
  });
  return rows.map(({ subject, commit, check }) => ({
    subject,
    detail: `${commit.slice(0, 12)} landed though ${check} fails on its tree`,
    remedy: 'Revert it, or mend the branch; its queue is told by the next control run.',
  }));
}
