import { review } from '../acts/reviews.js';
import { loginOf, ok, type RepositoryCall } from '../http/call.js';
import { invalidField, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderReview } from '../render/pull.js';
import type { Review } from '../state/records.js';
import { tellReview } from '../webhooks/happenings.js';
import { actorOf, pullOf } from './subjects.js';

const READ = { needs: ['pull_requests:read'] } as const;
const WRITE = { needs: ['pull_requests:write'] } as const;
const ALL = '/repos/{owner}/{repo}/pulls/{pull_number}/reviews';

const STATES: Readonly<Record<string, Review['state']>> = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
};

const shown = (call: RepositoryCall, one: Review): unknown =>
  renderReview(call.world, call.repository, pullOf(call), one);

function reviewOf(call: RepositoryCall): Review {
  const found = pullOf(call).pull.reviews.find((one) => one.id === Number(call.params.review_id));
  if (found === undefined) throw notFound();
  return found;
}

export const reviewRoutes: readonly Route[] = [
  onRepository(`GET ${ALL}`, READ, (call) => page(call, pullOf(call).pull.reviews, (one) => shown(call, one))),
  onRepository(`POST ${ALL}`, { ...WRITE, role: 'read', createsContent: true }, (call) => {
    const { event, body, commit_id } = call.body as {
      readonly event?: string;
      readonly body?: string;
      readonly commit_id?: string;
    };
    const state = STATES[event ?? ''] ?? 'PENDING';
    if (state !== 'APPROVED' && state !== 'PENDING' && !body)
      throw invalidField('PullRequestReview', 'body', 'missing_field');
    const made = review(call.world, call.repository, pullOf(call), {
      actor: actorOf(call),
      state,
      body: body ?? '',
      ...(commit_id === undefined ? {} : { commitSha: commit_id }),
    });
    return ok(shown(call, made));
  }),
  onRepository(`GET ${ALL}/{review_id}`, READ, (call) => ok(shown(call, reviewOf(call)))),
  onRepository(`PUT ${ALL}/{review_id}/dismissals`, WRITE, (call) => {
    const found = reviewOf(call);
    found.state = 'DISMISSED';
    tellReview(call.world, 'dismissed', pullOf(call), found, {
      repository: call.repository,
      login: loginOf(call.caller),
    });
    return ok(shown(call, found));
  }),
];
