import { movingRefs } from '../git/after-push.js';
import { isAncestor, resolveCommit } from '../git/read.js';
import { git } from '../git/run.js';
import { invalidField, refused } from '../http/errors.js';
import type { Repository } from '../state/records.js';
import { isPullRequest, type PullRequest } from '../state/state.js';
import { tellPull } from '../webhooks/happenings.js';
import type { World } from '../world.js';
import type { Actor } from './actor.js';
import { newIssue } from './issues.js';

export interface NewPull {
  readonly title: string;
  readonly body: string | null;
  /** A branch, with or without `owner:` before it. */
  readonly head: string;
  readonly base: string;
  readonly isDraft: boolean;
}

/** Of branches with nothing between them there is nothing to ask for. No push comes between the look and the act. */
export const openPull = (world: World, repository: Repository, actor: Actor, input: NewPull): Promise<PullRequest> =>
  movingRefs(world, { repository, login: actor.login }, () => openAlone(world, repository, actor, input));

async function openAlone(world: World, repository: Repository, actor: Actor, input: NewPull): Promise<PullRequest> {
  const { directory } = repository;
  const headRef = input.head.includes(':') ? input.head.slice(input.head.indexOf(':') + 1) : input.head;
  const headSha = await resolveCommit(directory, `refs/heads/${headRef}`);
  if (headSha === undefined) throw invalidField('PullRequest', 'head');
  const baseSha = await resolveCommit(directory, `refs/heads/${input.base}`);
  if (baseSha === undefined) throw invalidField('PullRequest', 'base');
  if (await isAncestor(directory, headSha, baseSha)) {
    throw refused('PullRequest', `No commits between ${input.base} and ${headRef}`);
  }
  const isOpen = world.state
    .pullRequests(repository.id)
    .some((one) => one.state === 'open' && one.pull.headRef === headRef && one.pull.baseRef === input.base);
  if (isOpen) throw refused('PullRequest', `A pull request already exists for ${repository.owner}:${headRef}.`);
  const issue = newIssue(world, repository, actor, input);
  issue.pull = {
    headRef,
    headSha,
    baseRef: input.base,
    baseSha,
    isDraft: input.isDraft,
    mergedAt: null,
    mergedBy: null,
    mergeCommitSha: null,
    mergeability: null,
    reviews: [],
  };
  if (!isPullRequest(issue)) throw new Error('It has a branch now.');
  await git(directory, ['update-ref', `refs/pull/${issue.number}/head`, headSha]);
  await tellPull(world, 'opened', issue, { repository, login: actor.login });
  return issue;
}
