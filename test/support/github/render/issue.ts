import type { Comment, Issue, IssueEvent, Label, Reaction, Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import { type Json, renderAppOf, renderUser } from './account.js';
import { nodeIdOf } from './node-id.js';
import { repositoryUrl } from './repository.js';

const CONTENTS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'] as const;

export const isReactionContent = (content: string): boolean => CONTENTS.some((one) => one === content);

const rollup = (url: string, reactions: readonly Reaction[]): Json => ({
  url: `${url}/reactions`,
  total_count: reactions.length,
  ...Object.fromEntries(
    CONTENTS.map((content) => [content, reactions.filter((one) => one.content === content).length]),
  ),
});

export const renderReaction = (world: World, reaction: Reaction): Json => ({
  id: reaction.id,
  node_id: nodeIdOf('REA', reaction.id),
  user: renderUser(world, reaction.login),
  content: reaction.content,
  created_at: reaction.createdAt,
});

export const renderLabel = (world: World, repository: Repository, label: Label): Json => ({
  id: label.id,
  node_id: nodeIdOf('LA', label.id),
  url: `${repositoryUrl(world, repository)}/labels/${encodeURIComponent(label.name)}`,
  name: label.name,
  description: label.description,
  color: label.color,
  default: false,
});

export const renderLabels = (world: World, repository: Repository, issue: Issue): readonly Json[] =>
  issue.labels.flatMap((name) => {
    const label = repository.labels.find((one) => one.name === name);
    return label === undefined ? [] : [renderLabel(world, repository, label)];
  });

/** How somebody stands to a repository, as GitHub says it beside every text. */
export function associationOf(world: World, repository: Repository, login: string): string {
  if (repository.owner.toLowerCase() === login.toLowerCase()) return 'OWNER';
  const isMember = [...world.state.teams].some(
    ([team, members]) => team.startsWith(`${repository.owner}/`) && members.includes(login),
  );
  if (isMember) return 'MEMBER';
  const role = repository.roles[login];
  if (role !== undefined && role !== 'none') return 'COLLABORATOR';
  const hasMerged = world.state.pullRequests(repository.id).some((one) => one.login === login && one.pull.mergedAt);
  return hasMerged ? 'CONTRIBUTOR' : 'NONE';
}

export function renderIssue(world: World, repository: Repository, issue: Issue): Json {
  const url = `${repositoryUrl(world, repository)}/issues/${issue.number}`;
  const web = `${world.urls.web}/${fullNameOf(repository)}`;
  const pullUrl = `${repositoryUrl(world, repository)}/pulls/${issue.number}`;
  const pullHtml = `${web}/pull/${issue.number}`;
  return {
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: issue.pull ? pullHtml : `${web}/issues/${issue.number}`,
    timeline_url: `${url}/timeline`,
    id: issue.id,
    node_id: nodeIdOf('I', issue.id),
    number: issue.number,
    title: issue.title,
    user: renderUser(world, issue.login),
    labels: renderLabels(world, repository, issue),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: issue.isLocked,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: world.state.commentsOf(issue).length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    author_association: associationOf(world, repository, issue.login),
    active_lock_reason: null,
    body: issue.body,
    reactions: rollup(url, issue.reactions),
    performed_via_github_app: renderAppOf(world, issue.viaApp),
    ...(issue.pull
      ? {
          draft: issue.pull.isDraft,
          pull_request: {
            url: pullUrl,
            html_url: pullHtml,
            diff_url: `${pullHtml}.diff`,
            patch_url: `${pullHtml}.patch`,
            merged_at: issue.pull.mergedAt,
          },
        }
      : {}),
  };
}

export const renderIssueEvent = (world: World, repository: Repository, event: IssueEvent): Json => ({
  id: event.id,
  node_id: nodeIdOf('LE', event.id),
  url: `${repositoryUrl(world, repository)}/issues/events/${event.id}`,
  actor: renderUser(world, event.login),
  event: event.event,
  commit_id: null,
  commit_url: null,
  created_at: event.createdAt,
  performed_via_github_app: null,
  label: { name: event.label, color: repository.labels.find((one) => one.name === event.label)?.color ?? 'ededed' },
});

export function renderComment(world: World, repository: Repository, comment: Comment): Json {
  const base = repositoryUrl(world, repository);
  const url = `${base}/issues/comments/${comment.id}`;
  const isPull = world.state.issue(repository.id, comment.issueNumber)?.pull != null;
  const page = `${world.urls.web}/${fullNameOf(repository)}/${isPull ? 'pull' : 'issues'}/${comment.issueNumber}`;
  return {
    url,
    html_url: `${page}#issuecomment-${comment.id}`,
    issue_url: `${base}/issues/${comment.issueNumber}`,
    id: comment.id,
    node_id: nodeIdOf('IC', comment.id),
    user: renderUser(world, comment.login),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: associationOf(world, repository, comment.login),
    body: comment.body,
    reactions: rollup(url, comment.reactions),
    performed_via_github_app: renderAppOf(world, comment.viaApp),
  };
}
