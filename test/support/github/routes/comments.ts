import { addComment, deleteComment, editComment } from '../acts/comments.js';
import { isAtLeast, roleOf } from '../auth/access.js';
import { loginOf, noContent, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError, notAccessible } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderComment } from '../render/issue.js';
import type { Comment } from '../state/records.js';
import { actorOf, commentOf, issueOf, sorted, updatedSince } from './subjects.js';

const READ = { needs: ['issues:read', 'pull_requests:read'] } as const;
const WRITE = { needs: ['issues:write', 'pull_requests:write'], role: 'read' } as const;

const shown = (call: RepositoryCall, comment: Comment): unknown => renderComment(call.world, call.repository, comment);

/** Its author may; an App may change its own only. */
function checkMayChange(call: RepositoryCall, comment: Comment): void {
  const login = loginOf(call.caller);
  if (login === comment.login) return;
  if (call.caller.kind === 'installation') throw notAccessible();
  if (!isAtLeast(roleOf(call.repository, login), 'write')) {
    throw new GitHubError(403, 'Must have admin rights to Repository.');
  }
}

export const commentRoutes: readonly Route[] = [
  onRepository('GET /repos/{owner}/{repo}/issues/comments', READ, (call) => {
    const comments = call.world.state.comments.filter((one) => one.repositoryId === call.repository.id);
    const listed = updatedSince(call, call.world.listed(comments));
    return page(call, sorted(call, listed, { sort: 'created', direction: 'asc' }), (one) => shown(call, one));
  }),
  onRepository('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', READ, (call) => {
    const comments = call.world.listed(call.world.state.commentsOf(issueOf(call)));
    return page(call, updatedSince(call, comments), (one) => shown(call, one));
  }),
  onRepository(
    'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
    { ...WRITE, createsContent: true },
    (call) => {
      const { body } = call.body as { readonly body: string };
      const issue = issueOf(call);
      return ok(shown(call, addComment(call.world, call.repository, issue, { ...actorOf(call), body })), 201);
    },
  ),
  onRepository('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', READ, (call) =>
    ok(shown(call, commentOf(call))),
  ),
  onRepository('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', WRITE, (call) => {
    const comment = commentOf(call);
    checkMayChange(call, comment);
    const { body } = call.body as { readonly body: string };
    editComment(call.world, call.repository, comment, { body, login: loginOf(call.caller) });
    return ok(shown(call, comment));
  }),
  onRepository('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', WRITE, (call) => {
    const comment = commentOf(call);
    checkMayChange(call, comment);
    deleteComment(call.world, call.repository, comment, loginOf(call.caller));
    return noContent;
  }),
];
