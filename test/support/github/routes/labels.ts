import { addLabels, removeLabel } from '../acts/labels.js';
import { type Answer, loginOf, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError, invalidField, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderLabel, renderLabels } from '../render/issue.js';
import { issueOf } from './subjects.js';

const READ = { needs: ['issues:read', 'pull_requests:read'] } as const;
const WRITE = { needs: ['issues:write', 'pull_requests:write'], role: 'triage' } as const;

const labelsOf = (call: RepositoryCall): Answer => ok(renderLabels(call.world, call.repository, issueOf(call)));

/** `{labels: [...]}`, or the bare list, of names or of objects with a name. */
function askedLabels(call: RepositoryCall): readonly string[] {
  const listed = Array.isArray(call.body) ? call.body : (call.body.labels ?? []);
  return (listed as readonly (string | { readonly name: string })[]).map((one) =>
    typeof one === 'string' ? one : one.name,
  );
}

export const labelRoutes: readonly Route[] = [
  onRepository('GET /repos/{owner}/{repo}/labels', READ, (call) =>
    page(call, call.repository.labels, (label) => renderLabel(call.world, call.repository, label)),
  ),
  onRepository('POST /repos/{owner}/{repo}/labels', { needs: ['issues:write'] }, (call) => {
    const {
      name,
      color = 'ededed',
      description = null,
    } = call.body as {
      readonly name: string;
      readonly color?: string;
      readonly description?: string;
    };
    const { labels } = call.repository;
    if (labels.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
      throw invalidField('Label', 'name', 'already_exists');
    }
    const label = { id: call.world.state.nextId(), name, color, description };
    labels.push(label);
    return ok(renderLabel(call.world, call.repository, label), 201);
  }),
  onRepository('GET /repos/{owner}/{repo}/labels/{name}', READ, (call) => {
    const asked = call.params.name?.toLowerCase();
    const label = call.repository.labels.find((one) => one.name.toLowerCase() === asked);
    if (label === undefined) throw notFound();
    return ok(renderLabel(call.world, call.repository, label));
  }),
  onRepository('GET /repos/{owner}/{repo}/issues/{issue_number}/labels', READ, labelsOf),
  onRepository('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', WRITE, async (call) => {
    const on = { issue: issueOf(call), login: loginOf(call.caller) };
    await addLabels(call.world, call.repository, on, askedLabels(call));
    return labelsOf(call);
  }),
  onRepository('PUT /repos/{owner}/{repo}/issues/{issue_number}/labels', WRITE, async (call) => {
    const on = { issue: issueOf(call), login: loginOf(call.caller) };
    const asked = askedLabels(call);
    for (const name of on.issue.labels.filter((one) => !asked.includes(one))) {
      await removeLabel(call.world, call.repository, on, name);
    }
    await addLabels(call.world, call.repository, on, asked);
    return labelsOf(call);
  }),
  onRepository('DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}', WRITE, async (call) => {
    const on = { issue: issueOf(call), login: loginOf(call.caller) };
    const isGone = await removeLabel(call.world, call.repository, on, call.params.name ?? '');
    if (!isGone) throw new GitHubError(404, 'Label does not exist');
    return labelsOf(call);
  }),
];
