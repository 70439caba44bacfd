import { invalidField } from '../http/errors.js';
import type { Issue, Repository } from '../state/records.js';
import { tellIssueOrPull } from '../webhooks/happenings.js';
import type { World } from '../world.js';
import { type Actor, checkText, type OnIssue } from './actor.js';
import { addLabels } from './labels.js';

export interface NewIssue {
  readonly title: string;
  readonly body: string | null;
  readonly labels?: readonly string[];
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
    events: [],
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

export interface IssueChange {
  readonly title?: string;
  readonly body?: string | null;
  readonly state?: 'open' | 'closed';
  readonly stateReason?: Issue['stateReason'];
}

export async function changeIssue(
  world: World,
  repository: Repository,
  { issue, login }: OnIssue,
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
