import { isAncestor, resolveCommit } from '../git/read.js';
import { missingChecks, passesBy, ruleFor } from '../git/rules.js';
import type { Repository, Review } from '../state/records.js';
import type { PullRequest } from '../state/state.js';
import type { World } from '../world.js';
import type { Actor } from './actor.js';

const approvals = (issue: PullRequest): number => {
  const latest = new Map<string, Review['state']>();
  for (const one of issue.pull.reviews) if (one.state !== 'COMMENTED') latest.set(one.login, one.state);
  return [...latest.values()].filter((state) => state === 'APPROVED').length;
};

/** Why the branch's rules refuse it; undefined when they do not. */
export async function whyRefused(
  world: World,
  repository: Repository,
  issue: PullRequest,
  actor: Actor,
): Promise<string | undefined> {
  const { pull } = issue;
  for (const rule of ruleFor(repository, pull.baseRef)) {
    if (passesBy(rule, repository, { login: actor.login, slug: actor.viaApp })) continue;
    const [missing] = missingChecks(world, repository, rule, pull.headSha);
    if (missing !== undefined) return `Required status check "${missing}" is expected.`;
    const needed = rule.requiredApprovals ?? 0;
    if (approvals(issue) < needed) {
      return `At least ${needed} approving review is required by reviewers with write access.`;
    }
    const tip = await resolveCommit(repository.directory, `refs/heads/${pull.baseRef}`);
    if (rule.strict && tip && !(await isAncestor(repository.directory, tip, pull.headSha))) {
      return 'This branch must not be behind the base branch.';
    }
  }
  return undefined;
}
