import { changeIssue, openIssue } from '../acts/issues.js';
import { addLabels } from '../acts/labels.js';
import { isAtLeast, roleOf } from '../auth/access.js';
import { loginOf, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderUser } from '../render/account.js';
import { renderIssue, renderIssueEvent } from '../render/issue.js';
import type { Issue } from '../state/records.js';
import { actorOf, issueOf, sorted, updatedSince } from './subjects.js';

const shown = (call: RepositoryCall, issue: Issue): unknown => ({
  ...renderIssue(call.world, call.repository, issue),
  closed_by: issue.closedBy === null ? null : renderUser(call.world, issue.closedBy),
});

/** Labels as a request may name them. */
const namesOf = (labels: readonly (string | { readonly name?: string })[] = []): readonly string[] =>
  labels.map((one) => (typeof one === 'string' ? one : (one.name ?? '')));

/** Its author may, and who has triage rights; others are refused. */
function checkMayChange(call: RepositoryCall, issue: Issue): void {
  const login = loginOf(call.caller);
  if (call.caller.kind !== 'person' || login === issue.login) return;
  if (!isAtLeast(roleOf(call.repository, login), 'triage')) {
    throw new GitHubError(403, 'Must have admin rights to Repository.');
  }
}

export const issueRoutes: readonly Route[] = [
  onRepository('GET /repos/{owner}/{repo}/issues', { needs: ['issues:read', 'pull_requests:read'] }, (call) => {
    const state = call.query.get('state') ?? 'open';
    const labels = (call.query.get('labels') ?? '').split(',').filter(Boolean);
    const creator = call.query.get('creator');
    const issues = call.world.state.issues.filter(
      (one) =>
        one.repositoryId === call.repository.id &&
        (state === 'all' || one.state === state) &&
        labels.every((label) => one.labels.some((its) => its.toLowerCase() === label.toLowerCase())) &&
        (creator === null || one.login === creator),
    );
    const listed = sorted(call, updatedSince(call, call.world.listed(issues)));
    return page(call, listed, (issue) => renderIssue(call.world, call.repository, issue));
  }),
  onRepository(
    'POST /repos/{owner}/{repo}/issues',
    { needs: ['issues:write'], role: 'read', createsContent: true },
    async (call) => {
      const { title, body, labels } = call.body as {
        readonly title: string | number;
        readonly body?: string;
        readonly labels?: readonly (string | { readonly name?: string })[];
      };
      const mayLabel =
        call.caller.kind !== 'person' || isAtLeast(roleOf(call.repository, loginOf(call.caller)), 'triage');
      const input = { title: String(title), body: body ?? null, labels: mayLabel ? namesOf(labels) : [] };
      return ok(shown(call, await openIssue(call.world, call.repository, actorOf(call), input)), 201);
    },
  ),
  onRepository(
    'GET /repos/{owner}/{repo}/issues/{issue_number}',
    { needs: ['issues:read', 'pull_requests:read'] },
    (call) => ok(shown(call, issueOf(call))),
  ),
  onRepository(
    'GET /repos/{owner}/{repo}/issues/{issue_number}/events',
    { needs: ['issues:read', 'pull_requests:read'] },
    (call) => page(call, issueOf(call).events, (event) => renderIssueEvent(call.world, call.repository, event)),
  ),
  onRepository(
    'PATCH /repos/{owner}/{repo}/issues/{issue_number}',
    { needs: ['issues:write', 'pull_requests:write'], role: 'read' },
    async (call) => {
      const issue = issueOf(call);
      checkMayChange(call, issue);
      const { title, body, state, state_reason, labels } = call.body as {
        readonly title?: string | number | null;
        readonly body?: string | null;
        readonly state?: 'open' | 'closed';
        readonly state_reason?: Issue['stateReason'];
        readonly labels?: readonly string[];
      };
      const on = { issue, login: loginOf(call.caller) };
      await changeIssue(call.world, call.repository, on, {
        ...(title === undefined || title === null ? {} : { title: String(title) }),
        ...(body === undefined ? {} : { body }),
        ...(state === undefined ? {} : { state }),
        ...(state_reason === undefined ? {} : { stateReason: state_reason }),
      });
      if (labels !== undefined) {
        issue.labels = issue.labels.filter((name) => namesOf(labels).includes(name));
        await addLabels(call.world, call.repository, on, namesOf(labels));
      }
      return ok(shown(call, issue));
    },
  ),
];
