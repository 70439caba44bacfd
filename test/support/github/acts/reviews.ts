import { GitHubError } from '../http/errors.js';
import type { Repository, Review } from '../state/records.js';
import type { PullRequest } from '../state/state.js';
import { tellReview } from '../webhooks/happenings.js';
import type { World } from '../world.js';
import type { Actor } from './actor.js';

export interface NewReview {
  readonly actor: Actor;
  readonly state: Review['state'];
  readonly body: string;
  readonly commitSha?: string;
}

export function review(
  world: World,
  repository: Repository,
  issue: PullRequest,
  { actor, state, body, commitSha }: NewReview,
): Review {
  if (actor.login === issue.login && (state === 'APPROVED' || state === 'CHANGES_REQUESTED')) {
    const what = state === 'APPROVED' ? 'approve' : 'request changes on';
    throw new GitHubError(422, 'Unprocessable Entity', { errors: [`Can not ${what} your own pull request`] });
  }
  const made: Review = {
    id: world.state.nextId(),
    login: actor.login,
    body,
    state,
    commitSha: commitSha ?? issue.pull.headSha,
    submittedAt: world.clock.at(),
  };
  issue.pull.reviews.push(made);
  if (state !== 'PENDING') tellReview(world, 'submitted', issue, made, { repository, login: actor.login });
  return made;
}
