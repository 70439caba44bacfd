import { whyRefused } from '../acts/protection.js';
import { changedFiles, readCommits } from '../git/read.js';
import { tryGit } from '../git/run.js';
import type { Repository, Review } from '../state/records.js';
import { fullNameOf, type PullRequest } from '../state/state.js';
import type { World } from '../world.js';
import { type Json, renderUser } from './account.js';
import { associationOf, renderLabels } from './issue.js';
import { nodeIdOf } from './node-id.js';
import { renderRepository, repositoryUrl } from './repository.js';

const LINKS: Readonly<Record<string, string>> = {
  commits: '/commits',
  review_comments: '/comments',
  review_comment: '/comments{/number}',
};

const sideOf = (world: World, repository: Repository, ref: string, sha: string): Json => ({
  label: `${repository.owner}:${ref}`,
  ref,
  sha,
  user: renderUser(world, repository.owner),
  repo: renderRepository(world, repository),
});

/** As lists and reviews show it. */
export function renderSimplePull(world: World, repository: Repository, { pull, ...issue }: PullRequest): Json {
  const base = repositoryUrl(world, repository);
  const url = `${base}/pulls/${issue.number}`;
  const html = `${world.urls.web}/${fullNameOf(repository)}/pull/${issue.number}`;
  const issueUrl = `${base}/issues/${issue.number}`;
  const statuses = `${base}/statuses/${pull.headSha}`;
  const links = Object.entries(LINKS).map(([name, path]) => [name, `${url}${path}`] as const);
  const all = [...links, ['comments', `${issueUrl}/comments`] as const, ['statuses', statuses] as const];
  return {
    url,
    id: issue.id,
    node_id: nodeIdOf('PR', issue.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issueUrl,
    number: issue.number,
    state: issue.state,
    locked: issue.isLocked,
    title: issue.title,
    user: renderUser(world, issue.login),
    body: issue.body,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitSha ?? pull.mergeability?.value?.commitSha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    // The document lets no label in a list be without a description.
    labels: renderLabels(world, repository, { ...issue, pull }).map((one) => ({
      ...one,
      description: one.description ?? '',
    })),
    milestone: null,
    draft: pull.isDraft,
    ...Object.fromEntries(all.map(([name, href]) => [`${name}_url`, href])),
    head: sideOf(world, repository, pull.headRef, pull.headSha),
    base: sideOf(world, repository, pull.baseRef, pull.baseSha),
    _links: {
      self: { href: url },
      html: { href: html },
      issue: { href: issueUrl },
      ...Object.fromEntries(all.map(([name, href]) => [name, { href }])),
    },
    author_association: associationOf(world, repository, issue.login),
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** To somebody who passes by no rule. */
async function mergeableState(
  world: World,
  repository: Repository,
  issue: PullRequest,
  isMergeable: boolean,
): Promise<string> {
  if (!isMergeable) return 'dirty';
  if (issue.pull.isDraft) return 'draft';
  const refusal = await whyRefused(world, repository, issue, { login: '', viaApp: null });
  if (refusal === undefined) return 'clean';
  return refusal.includes('behind') ? 'behind' : 'blocked';
}

/** As it is shown alone: with what git says of it. */
export async function renderPull(world: World, repository: Repository, issue: PullRequest): Promise<Json> {
  const { pull } = issue;
  const { directory } = repository;
  const fork = (await tryGit(directory, ['merge-base', pull.baseSha, pull.headSha])).out.trim();
  const commits = fork === '' ? [] : await readCommits(directory, [`${fork}..${pull.headSha}`]);
  const files = fork === '' ? [] : await changedFiles(directory, fork, pull.headSha);
  const known = issue.state === 'open' ? pull.mergeability?.value : undefined;
  return {
    ...renderSimplePull(world, repository, issue),
    merged: pull.mergedAt !== null,
    mergeable: known ? known.isMergeable : null,
    rebaseable: known ? known.isMergeable : null,
    mergeable_state: known ? await mergeableState(world, repository, issue, known.isMergeable) : 'unknown',
    merged_by: pull.mergedBy === null ? null : renderUser(world, pull.mergedBy),
    comments: world.state.commentsOf(issue).length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: commits.length,
    additions: files.reduce((sum, one) => sum + one.additions, 0),
    deletions: files.reduce((sum, one) => sum + one.deletions, 0),
    changed_files: files.length,
  };
}

export function renderReview(world: World, repository: Repository, issue: PullRequest, review: Review): Json {
  const url = `${repositoryUrl(world, repository)}/pulls/${issue.number}`;
  const html = `${world.urls.web}/${fullNameOf(repository)}/pull/${issue.number}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: nodeIdOf('PRR', review.id),
    user: renderUser(world, review.login),
    body: review.body,
    commit_id: review.commitSha,
    submitted_at: review.submittedAt,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    author_association: associationOf(world, repository, review.login),
    _links: { html: { href: html }, pull_request: { href: url } },
  };
}
