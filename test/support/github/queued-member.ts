import { randomUUID } from 'node:crypto';
import type { LandingTarget } from '../../../domain/merge/types.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import type { ComposeInput, ComposeOutcome, MergeMember } from '../../../workflows/contract/activities/merge.js';
import { asAttempt } from '../git/activity-world.js';
import { insertTask } from '../rows.js';
import { type GitHubProjectWorld, SHOP } from './project-world.js';

/** A pull request of a task of ours, one commit ahead of `main`, and where `main` stands. */
export async function openedMember(
  { github, forge, projectId }: GitHubProjectWorld,
  db: Queryable,
): Promise<{ readonly member: MergeMember; readonly base: string }> {
  const base = (await github.people.tip(SHOP)) ?? '';
  const headRef = 'millwright/a';
  await github.people.moveBranch({ repository: SHOP, branch: headRef, to: base });
  const headSha = await github.people.push({ repository: SHOP, branch: headRef, files: { 'b.txt': 'two\n' } });
  const taskId = await insertTask(db, projectId);
  const marker = `millwright:task=${taskId}`;
  const text = { title: 'A', body: `Done\n\n<!-- ${marker} -->`, marker, author: 'Millwright' };
  const branches = { headRef, headSha, baseRef: 'main', baseSha: base };
  const { number: prNumber } = await forge.openPullRequest({ projectId, taskId, ...branches, ...text });
  return { member: { entryId: randomUUID(), prNumber, headRef, headSha, title: 'A' }, base };
}

interface Composing {
  composeCandidate(input: ComposeInput): Promise<ComposeOutcome>;
}

/** As `openedMember`, with the candidate that was made of it on the tip of `main`. */
export async function queuedMember(
  world: GitHubProjectWorld,
  db: Queryable,
  activities: Composing,
): Promise<{ readonly member: MergeMember; readonly target: LandingTarget }> {
  const { member, base } = await openedMember(world, db);
  const composed = await asAttempt(1, activities.composeCandidate, {
    projectId: world.projectId,
    branch: 'main',
    tip: base,
    members: [member],
    expectTip: true,
  });
  if (composed.kind !== 'composed') throw new Error(composed.kind);
  return { member, target: { base, commit: composed.commit, tree: composed.tree } };
}
