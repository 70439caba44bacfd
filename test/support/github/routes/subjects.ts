// What the paths name, found or answered 404.
import type { Actor } from '../acts/actor.js';
import { resolveCommit } from '../git/read.js';
import { type Call, loginOf, numberOf, type RepositoryCall, slugOf } from '../http/call.js';
import { GitHubError, notFound } from '../http/errors.js';
import type { Comment, Issue } from '../state/records.js';
import { isPullRequest, type PullRequest } from '../state/state.js';

export const actorOf = (call: Call): Actor => ({ login: loginOf(call.caller), viaApp: slugOf(call.caller) });

export function issueOf(call: RepositoryCall): Issue {
  const issue = call.world.state.issue(call.repository.id, numberOf(call, 'issue_number'));
  if (issue === undefined) throw notFound();
  return issue;
}

export function pullOf(call: RepositoryCall): PullRequest {
  const issue = call.world.state.issue(call.repository.id, numberOf(call, 'pull_number'));
  if (issue === undefined || !isPullRequest(issue)) throw notFound();
  return issue;
}

export function commentOf(call: RepositoryCall): Comment {
  const id = numberOf(call, 'comment_id');
  const comment = call.world.state.comments.find((one) => one.repositoryId === call.repository.id && one.id === id);
  if (comment === undefined) throw notFound();
  return comment;
}

/** The commit that `{ref}` or `{sha}` names. @throws GitHubError 422 as GitHub answers for a commit that is nowhere */
export async function shaOf(call: RepositoryCall, name: string): Promise<string> {
  const sha = await resolveCommit(call.repository.directory, name);
  if (sha === undefined) throw new GitHubError(422, `No commit found for SHA: ${name}`);
  return sha;
}

/** Newer than `since`, as lists of what was updated ask. */
export function updatedSince<T extends { readonly updatedAt: string }>(call: Call, items: readonly T[]): readonly T[] {
  const since = call.query.get('since');
  return since === null ? items : items.filter((one) => Date.parse(one.updatedAt) >= Date.parse(since));
}

/** By `sort` and `direction`; new ones first unless said. */
export function sorted<T extends { readonly id: number; readonly updatedAt: string }>(
  call: Call,
  items: readonly T[],
  defaults: { readonly sort: string; readonly direction: string } = { sort: 'created', direction: 'desc' },
): readonly T[] {
  const sort = call.query.get('sort') ?? defaults.sort;
  const sign = (call.query.get('direction') ?? defaults.direction) === 'asc' ? 1 : -1;
  const keyOf = (one: T): number => (sort === 'updated' ? Date.parse(one.updatedAt) : one.id);
  return [...items].sort((a, b) => sign * (keyOf(a) - keyOf(b) || a.id - b.id));
}
