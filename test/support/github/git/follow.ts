// How pull requests follow their branches.
import type { Repository } from '../state/records.js';
import type { PullRequest } from '../state/state.js';
import { tellPull, tellReview } from '../webhooks/happenings.js';
import type { World } from '../world.js';
import { isAncestor, resolveCommit, ZERO_SHA } from './read.js';
import { ruleFor } from './rules.js';
import { git } from './run.js';

export interface Moved {
  readonly branch: string;
  readonly before: string;
  readonly after: string;
}

interface By {
  readonly repository: Repository;
  readonly login: string;
}

const openOnes = (world: World, { repository }: By): readonly PullRequest[] =>
  world.state.pullRequests(repository.id).filter((one) => one.state === 'open');

export async function closePull(world: World, by: By, issue: PullRequest): Promise<void> {
  issue.state = 'closed';
  issue.closedAt = world.clock.at();
  issue.updatedAt = issue.closedAt;
  issue.closedBy = by.login;
  await tellPull(world, 'closed', issue, by);
}

/** `how` is the commit by which the head came to the base. */
export async function mergePull(world: World, by: By, issue: PullRequest, how: string): Promise<void> {
  issue.pull.mergedAt = world.clock.at();
  issue.pull.mergedBy = by.login;
  issue.pull.mergeCommitSha = how;
  await closePull(world, by, issue);
}

/** The head follows its branch; a branch that goes closes the pull request. */
export async function followHead(world: World, by: By, { branch, before, after }: Moved): Promise<void> {
  for (const issue of openOnes(world, by).filter((one) => one.pull.headRef === branch)) {
    if (after === ZERO_SHA) {
      await closePull(world, by, issue);
      continue;
    }
    const { pull } = issue;
    const { directory } = by.repository;
    pull.headSha = after;
    pull.baseSha = (await resolveCommit(directory, `refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
    issue.updatedAt = world.clock.at();
    await git(directory, ['update-ref', `refs/pull/${issue.number}/head`, after]);
    await tellPull(world, 'synchronize', issue, by, { before, after });
    dismissStale(world, by, issue);
  }
}

/** A head that was moved to what the base holds already has nothing left to merge: closed, and not called merged. */
export async function closeEmpty(world: World, by: By, { branch, after }: Moved): Promise<void> {
  if (after === ZERO_SHA) return;
  for (const issue of openOnes(world, by).filter((one) => one.pull.headRef === branch)) {
    if (await isAncestor(by.repository.directory, after, issue.pull.baseSha)) await closePull(world, by, issue);
  }
}

function dismissStale(world: World, by: By, issue: PullRequest): void {
  if (!ruleFor(by.repository, issue.pull.baseRef).some((rule) => rule.dismissesStaleReviews)) return;
  for (const review of issue.pull.reviews.filter((one) => one.state === 'APPROVED')) {
    review.state = 'DISMISSED';
    tellReview(world, 'dismissed', issue, review, by);
  }
}

/** A head that the base now holds is merged, however it came there. */
export async function followBase(world: World, by: By, { branch, before, after }: Moved): Promise<void> {
  const { directory } = by.repository;
  for (const issue of openOnes(world, by).filter((one) => one.pull.baseRef === branch)) {
    if (after === ZERO_SHA) await closePull(world, by, issue);
    else if (await isAncestor(directory, issue.pull.headSha, after)) {
      await mergePull(world, by, issue, await broughtBy(directory, issue.pull.headSha, { before, after }));
    }
  }
}

/** The first commit of the base's own line that holds the head. */
async function broughtBy(directory: string, head: string, { before, after }: Omit<Moved, 'branch'>): Promise<string> {
  const range = before === ZERO_SHA ? after : `${before}..${after}`;
  const line = await git(directory, ['rev-list', '--first-parent', '--reverse', range]);
  for (const sha of line.split('\n').filter(Boolean)) if (await isAncestor(directory, head, sha)) return sha;
  return after;
}
