// What happens to issues, comments and pull requests, told to the Apps. One function per kind of event.

import type { Json } from '../render/account.js';
import { renderRunEvent, renderSuite } from '../render/check.js';
import { renderComment, renderIssue, renderLabel } from '../render/issue.js';
import { renderPull, renderReview, renderSimplePull } from '../render/pull.js';
import type { CheckRun, CheckSuite } from '../state/checks.js';
import type { Comment, Issue, Repository, Review } from '../state/records.js';
import { isPullRequest, type PullRequest } from '../state/state.js';
import type { World } from '../world.js';
import { emit } from './emit.js';

interface By {
  readonly repository: Repository;
  readonly login: string;
}

export const tellIssue = (world: World, action: string, issue: Issue, by: By, more: Json = {}): void =>
  emit(world, {
    event: 'issues',
    action,
    ...by,
    fields: { issue: renderIssue(world, by.repository, issue), ...more },
  });

export async function tellPull(
  world: World,
  action: string,
  issue: PullRequest,
  by: By,
  more: Json = {},
): Promise<void> {
  const pull = await renderPull(world, by.repository, issue);
  emit(world, { event: 'pull_request', action, ...by, fields: { number: issue.number, pull_request: pull, ...more } });
}

/** An issue that may be a pull request: the event differs. */
export async function tellIssueOrPull(
  world: World,
  action: string,
  issue: Issue,
  by: By,
  more: Json = {},
): Promise<void> {
  if (isPullRequest(issue)) await tellPull(world, action, issue, by, more);
  else tellIssue(world, action, issue, by, more);
}

export async function tellLabel(
  world: World,
  action: 'labeled' | 'unlabeled',
  issue: Issue,
  by: By,
  name: string,
): Promise<void> {
  const label = by.repository.labels.find((one) => one.name === name);
  const more = label === undefined ? {} : { label: renderLabel(world, by.repository, label) };
  await tellIssueOrPull(world, action, issue, by, more);
}

export const tellComment = (world: World, action: string, comment: Comment, by: By, more: Json = {}): void => {
  const issue = world.state.issue(comment.repositoryId, comment.issueNumber);
  if (issue === undefined) return;
  emit(world, {
    event: 'issue_comment',
    action,
    ...by,
    fields: {
      issue: renderIssue(world, by.repository, issue),
      comment: renderComment(world, by.repository, comment),
      ...more,
    },
  });
};

export const tellReview = (world: World, action: string, issue: PullRequest, review: Review, by: By): void => {
  const shown = renderReview(world, by.repository, issue, review);
  emit(world, {
    event: 'pull_request_review',
    action,
    ...by,
    fields: {
      // The event has the state in lower case; REST has it in capitals.
      review: { ...shown, state: review.state.toLowerCase(), body: review.body || null },
      pull_request: renderSimplePull(world, by.repository, issue),
    },
  });
};

export async function tellSuite(world: World, action: string, suite: CheckSuite, by: By): Promise<void> {
  const shown = await renderSuite(world, by.repository, suite);
  emit(world, { event: 'check_suite', action, ...by, fields: { check_suite: shown } });
}

export const tellRun = (world: World, action: string, run: CheckRun, by: By): void =>
  emit(world, { event: 'check_run', action, ...by, fields: { check_run: renderRunEvent(world, by.repository, run) } });
