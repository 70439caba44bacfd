import { createStatus } from '../acts/statuses.js';
import { loginOf, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderStatus } from '../render/check.js';
import { renderMinimalRepository, repositoryUrl } from '../render/repository.js';
import type { CommitStatus } from '../state/checks.js';
import { shaOf } from './subjects.js';

const READ = { needs: ['statuses:read'] } as const;

async function statusesOf(
  call: RepositoryCall,
): Promise<{ readonly sha: string; readonly all: readonly CommitStatus[] }> {
  const sha = await shaOf(call, call.params.ref ?? '');
  const { statuses } = call.world.state;
  const ofCommit = statuses.filter((one) => one.repositoryId === call.repository.id && one.sha === sha);
  return { sha, all: [...call.world.listed(ofCommit)].reverse() };
}

/** Newest of each context, new ones first. */
const latest = (all: readonly CommitStatus[]): readonly CommitStatus[] =>
  all.filter((one, index) => all.findIndex((other) => other.context === one.context) === index);

const stateOf = (statuses: readonly CommitStatus[]): string => {
  if (statuses.some((one) => one.state === 'failure' || one.state === 'error')) return 'failure';
  return statuses.length > 0 && statuses.every((one) => one.state === 'success') ? 'success' : 'pending';
};

export const statusRoutes: readonly Route[] = [
  onRepository('POST /repos/{owner}/{repo}/statuses/{sha}', { needs: ['statuses:write'] }, async (call) => {
    const { state, context, description, target_url } = call.body as {
      readonly state: CommitStatus['state'];
      readonly context?: string;
      readonly description?: string | null;
      readonly target_url?: string | null;
    };
    // GitHub's own limit; a longer text is refused.
    if ((description ?? '').length > 140) {
      throw new GitHubError(422, 'Validation Failed', {
        errors: [
          {
            resource: 'Status',
            code: 'custom',
            field: 'description',
            message: 'description is too long (maximum is 140 characters)',
          },
        ],
      });
    }
    const status = await createStatus(call.world, call.repository, {
      sha: await shaOf(call, call.params.sha ?? ''),
      state,
      context: context ?? 'default',
      description: description ?? null,
      targetUrl: target_url ?? null,
      login: loginOf(call.caller),
    });
    return ok(renderStatus(call.world, call.repository, status), 201);
  }),
  onRepository('GET /repos/{owner}/{repo}/commits/{ref}/statuses', READ, async (call) => {
    const { all } = await statusesOf(call);
    return page(call, all, (one) => renderStatus(call.world, call.repository, one));
  }),
  onRepository('GET /repos/{owner}/{repo}/commits/{ref}/status', READ, async (call) => {
    const { sha, all } = await statusesOf(call);
    const newest = latest(all);
    const api = repositoryUrl(call.world, call.repository);
    return page(
      call,
      newest,
      (one) => renderStatus(call.world, call.repository, one),
      (statuses, total_count) => ({
        state: stateOf(newest),
        statuses,
        sha,
        total_count,
        repository: renderMinimalRepository(call.world, call.repository),
        commit_url: `${api}/commits/${sha}`,
        url: String(call.url),
      }),
    );
  }),
];
