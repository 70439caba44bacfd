import { Failure } from '../../../domain/failures.js';
import type { Actor, Permission } from '../../../domain/forge/actors.js';
import type { TrackedPerson } from '../issues.js';
import type { LinearClient } from './client.js';
import { USER } from './documents.js';
import type { Actors, CommentNode, HistoryNode, IssueNode, UserNode } from './nodes.js';

/** Whoever is no member: an integration, a form, a customer. Linear knows nobody by this id. */
const outsider = (name: string | null | undefined): TrackedPerson => ({ id: 'outsider', name: name ?? 'somebody' });

/** An integration that acts for a member is an integration: who fills in its form is not known. */
const personOf = (
  { botActor }: Actors,
  member: { readonly id: string; readonly displayName: string } | null,
  external?: { readonly displayName: string } | null,
): TrackedPerson => {
  if (botActor !== null) return outsider(botActor.name);
  if (external) return outsider(external.displayName);
  return member === null ? outsider(undefined) : { id: member.id, name: member.displayName };
};

export const authorOfIssue = (issue: IssueNode): TrackedPerson =>
  personOf(issue, issue.creator, issue.externalUserCreator);
export const authorOfComment = (comment: CommentNode): TrackedPerson =>
  personOf(comment, comment.user, comment.externalUser);
export const actorOf = (entry: HistoryNode): TrackedPerson => personOf(entry, entry.actor);

/** Members of the team may command, and whoever runs the workspace; guests, applications and the suspended may not. */
export function permissionIn(
  team: string,
  { active, app, guest, admin, owner, teamMemberships }: UserNode,
): Permission {
  if (!active || app || guest) return 'none';
  if (admin || owner) return 'admin';
  return teamMemberships.nodes.some((one) => one.team.id === team) ? 'write' : 'read';
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @param team id of the project's team */
export async function readActorIn(
  client: LinearClient,
  team: string,
  { id }: TrackedPerson,
  signal: AbortSignal | undefined,
): Promise<Actor> {
  const stranger: Actor = { permission: 'none', isInTeam: false };
  if (!UUID.test(id)) return stranger;
  try {
    const { user } = await client.ask(USER, { id }, { priority: 'state', signal });
    return { permission: permissionIn(team, user), isInTeam: false };
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return stranger;
    throw error;
  }
}
