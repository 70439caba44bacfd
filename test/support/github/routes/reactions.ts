import { react } from '../acts/comments.js';
import { type Answer, loginOf, noContent, ok, type RepositoryCall } from '../http/call.js';
import { notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderReaction } from '../render/issue.js';
import type { Reaction } from '../state/records.js';
import { commentOf, issueOf } from './subjects.js';

interface Reactable {
  reactions: Reaction[];
}

const READ = { needs: ['issues:read', 'pull_requests:read'] } as const;
const WRITE = { needs: ['issues:write', 'pull_requests:write'], role: 'read', createsContent: true } as const;
const REMOVE = { needs: ['issues:write', 'pull_requests:write'], role: 'read' } as const;

const list =
  (of: (call: RepositoryCall) => Reactable) =>
  (call: RepositoryCall): Promise<Answer> => {
    const content = call.query.get('content');
    const found = of(call).reactions.filter((one) => content === null || one.content === content);
    return page(call, found, (one) => renderReaction(call.world, one));
  };

const add =
  (of: (call: RepositoryCall) => Reactable) =>
  (call: RepositoryCall): Answer => {
    const { content } = call.body as { readonly content: string };
    const { reaction, isNew } = react(call.world, of(call), { login: loginOf(call.caller), content });
    return ok(renderReaction(call.world, reaction), isNew ? 201 : 200);
  };

const remove =
  (of: (call: RepositoryCall) => Reactable) =>
  (call: RepositoryCall): Answer => {
    const subject = of(call);
    const found = subject.reactions.find((one) => one.id === Number(call.params.reaction_id));
    if (found === undefined || found.login !== loginOf(call.caller)) throw notFound();
    subject.reactions = subject.reactions.filter((one) => one !== found);
    return noContent;
  };

const ISSUE = '/repos/{owner}/{repo}/issues/{issue_number}/reactions';
const COMMENT = '/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions';

export const reactionRoutes: readonly Route[] = [
  onRepository(`GET ${ISSUE}`, READ, list(issueOf)),
  onRepository(`POST ${ISSUE}`, WRITE, add(issueOf)),
  onRepository(`DELETE ${ISSUE}/{reaction_id}`, REMOVE, remove(issueOf)),
  onRepository(`GET ${COMMENT}`, READ, list(commentOf)),
  onRepository(`POST ${COMMENT}`, WRITE, add(commentOf)),
  onRepository(`DELETE ${COMMENT}/{reaction_id}`, REMOVE, remove(commentOf)),
];
