import { invalidField } from '../http/errors.js';
import type { Comment, Issue, Reaction, Repository } from '../state/records.js';
import { tellComment } from '../webhooks/happenings.js';
import type { World } from '../world.js';
import { type Actor, checkText } from './actor.js';

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
