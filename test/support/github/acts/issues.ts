import { invalidField } from '../http/errors.js';
import type { Comment, Issue, Label, Reaction, Repository } from '../state/records.js';
import { tellComment, tellIssueOrPull, tellLabel } from '../webhooks/happenings.js';
import type { World } from '../world.js';

/** In whose name, and through which App. */
export interface Actor {
  readonly login: string;
  readonly viaApp: string | null;
}

export interface NewIssue {
  readonly title: string;
  readonly body: string | null;
  readonly labels?: readonly string[];
}

/** Longer texts are refused. */
const MOST_BODY_CHARACTERS = 65_536;

export function checkText(resource: string, field: string, text: string | null | undefined): void {
  if ((text ?? '').length > MOST_BODY_CHARACTERS) throw invalidField(resource, field, 'too_long');
}

export function newIssue(world: World, repository: Repository, actor: Actor, { title, body }: NewIssue): Issue {
  if (title.trim() === '') throw invalidField('Issue', 'title', 'missing_field');
  checkText('Issue', 'body', body);
  repository.lastNumber += 1;
  const at = world.clock.at();
  const issue: Issue = {
    id: world.state.nextId(),
    repositoryId: repository.id,
    number: repository.lastNumber,
    title,
    body,
    ...actor,
    state: 'open',
    stateReason: null,
    closedBy: null,
    labels: [],
    isLocked: false,
    createdAt: at,
    createdAtMs: world.clock.now(),
    updatedAt: at,
    closedAt: null,
    reactions: [],
    pull: null,
  };
  world.state.issues.push(issue);
  return issue;
}

export async function openIssue(world: World, repository: Repository, actor: Actor, input: NewIssue): Promise<Issue> {
  const issue = newIssue(world, repository, actor, input);
  const by = { repository, login: actor.login };
  await tellIssueOrPull(world, 'opened', issue, by);
  await addLabels(world, repository, { issue, login: actor.login }, input.labels ?? []);
  return issue;
}

/** Labels that do not exist yet are made, as GitHub does when an issue gets them. */
export function labelNamed(world: World, repository: Repository, name: string): Label {
  const known = repository.labels.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (known !== undefined) return known;
  const label = { id: world.state.nextId(), name, color: 'ededed', description: null };
  repository.labels.push(label);
  return label;
}

interface On {
  readonly issue: Issue;
  readonly login: string;
}

export async function addLabels(
  world: World,
  repository: Repository,
  { issue, login }: On,
  names: readonly string[],
): Promise<void> {
  for (const asked of names) {
    const { name } = labelNamed(world, repository, asked);
    if (issue.labels.includes(name)) continue;
    issue.labels.push(name);
    issue.updatedAt = world.clock.at();
    await tellLabel(world, 'labeled', issue, { repository, login }, name);
  }
}

export async function removeLabel(
  world: World,
  repository: Repository,
  { issue, login }: On,
  asked: string,
): Promise<boolean> {
  const name = issue.labels.find((one) => one.toLowerCase() === asked.toLowerCase());
  if (name === undefined) return false;
  issue.labels = issue.labels.filter((one) => one !== name);
  issue.updatedAt = world.clock.at();
  await tellLabel(world, 'unlabeled', issue, { repository, login }, name);
  return true;
}

export interface IssueChange {
  readonly title?: string;
  readonly body?: string | null;
  readonly state?: 'open' | 'closed';
  readonly stateReason?: Issue['stateReason'];
}

export async function changeIssue(
  world: World,
  repository: Repository,
  { issue, login }: On,
  change: IssueChange,
): Promise<void> {
  const by = { repository, login };
  checkText('Issue', 'body', change.body);
  const from = { title: issue.title, body: issue.body };
  issue.updatedAt = world.clock.at();
  if (change.title !== undefined) issue.title = change.title;
  if (change.body !== undefined) issue.body = change.body;
  const changes = {
    ...(from.title === issue.title ? {} : { title: { from: from.title } }),
    ...(from.body === issue.body ? {} : { body: { from: from.body ?? '' } }),
  };
  if (Object.keys(changes).length > 0) await tellIssueOrPull(world, 'edited', issue, by, { changes });
  if (change.state === undefined || change.state === issue.state) return;
  issue.state = change.state;
  const isClosed = change.state === 'closed';
  issue.stateReason = isClosed ? (change.stateReason ?? 'completed') : 'reopened';
  issue.closedAt = isClosed ? world.clock.at() : null;
  issue.closedBy = isClosed ? login : null;
  if (issue.pull !== null) issue.stateReason = null;
  await tellIssueOrPull(world, isClosed ? 'closed' : 'reopened', issue, by);
}

export function addComment(
  world: World,
  repository: Repository,
  issue: Issue,
  { body, ...actor }: Actor & { readonly body: string },
): Comment {
  if (body.trim() === '') throw invalidField('IssueComment', 'body', 'missing_field');
  checkText('IssueComment', 'body', body);
  const at = world.clock.at();
  const comment: Comment = {
    id: world.state.nextId(),
    repositoryId: repository.id,
    issueNumber: issue.number,
    ...actor,
    body,
    createdAt: at,
    createdAtMs: world.clock.now(),
    updatedAt: at,
    reactions: [],
  };
  world.state.comments.push(comment);
  issue.updatedAt = at;
  tellComment(world, 'created', comment, { repository, login: actor.login });
  return comment;
}

export function editComment(
  world: World,
  repository: Repository,
  comment: Comment,
  { body, login }: { readonly body: string; readonly login: string },
): void {
  checkText('IssueComment', 'body', body);
  const from = comment.body;
  comment.body = body;
  comment.updatedAt = world.clock.at();
  tellComment(world, 'edited', comment, { repository, login }, { changes: { body: { from } } });
}

export function deleteComment(world: World, repository: Repository, comment: Comment, login: string): void {
  tellComment(world, 'deleted', comment, { repository, login });
  const { comments } = world.state;
  comments.splice(comments.indexOf(comment), 1);
}

/** The same reaction of the same person is the one that exists; `isNew` says which. */
export function react(
  world: World,
  to: { reactions: Reaction[] },
  reaction: { readonly login: string; readonly content: string },
): { readonly reaction: Reaction; readonly isNew: boolean } {
  const known = to.reactions.find((one) => one.login === reaction.login && one.content === reaction.content);
  if (known !== undefined) return { reaction: known, isNew: false };
  const made = { id: world.state.nextId(), ...reaction, createdAt: world.clock.at() };
  to.reactions.push(made);
  return { reaction: made, isNew: true };
}
