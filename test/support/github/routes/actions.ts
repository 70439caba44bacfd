import { CI_APP } from '../ci/ci.js';
import { ok, type RepositoryCall } from '../http/call.js';
import { GitHubError, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderJob, renderWorkflowRun } from '../render/action.js';
import { latestRuns } from '../render/check.js';
import type { CheckRun, CheckSuite } from '../state/checks.js';
import { runOf } from './checks.js';

const READ = { needs: ['actions:read'] } as const;
const WRITE = { needs: ['actions:write'] } as const;
const RUNS = '/repos/{owner}/{repo}/actions/runs';
const JOB = '/repos/{owner}/{repo}/actions/jobs/{job_id}';

const workflowRuns = (call: RepositoryCall): readonly CheckSuite[] =>
  call.world.state.suites.filter((one) => one.repositoryId === call.repository.id && one.appSlug === CI_APP);

function jobOf(call: RepositoryCall): CheckRun {
  const run = runOf(call, 'job_id');
  if (!workflowRuns(call).some((suite) => suite.id === run.suiteId)) throw notFound();
  return run;
}

function workflowRunOf(call: RepositoryCall): CheckSuite {
  const found = workflowRuns(call).find((one) => one.id === Number(call.params.run_id));
  if (found === undefined) throw notFound();
  return found;
}

export const actionRoutes: readonly Route[] = [
  onRepository(`GET ${JOB}`, READ, (call) => ok(renderJob(call.world, call.repository, jobOf(call)))),
  onRepository(`GET ${JOB}/logs`, READ, (call) => {
    const run = jobOf(call);
    if (run.log === null) throw notFound();
    return { status: 302, headers: { location: `${call.world.urls.web}/_logs/${run.id}` } };
  }),
  onRepository(`POST ${JOB}/rerun`, WRITE, (call) => {
    const run = jobOf(call);
    if (run.status !== 'completed') throw new GitHubError(403, 'This workflow run is already running');
    call.world.rerequested(call.repository, { suiteId: run.suiteId, name: run.name });
    return ok({}, 201);
  }),
  onRepository(`GET ${RUNS}`, READ, (call) => {
    const sha = call.query.get('head_sha');
    const found = workflowRuns(call).filter((one) => sha === null || one.headSha === sha);
    return page(
      call,
      [...found].reverse(),
      (one) => renderWorkflowRun(call.world, call.repository, one),
      (workflow_runs, total_count) => ({ total_count, workflow_runs }),
    );
  }),
  onRepository(`GET ${RUNS}/{run_id}`, READ, async (call) =>
    ok(await renderWorkflowRun(call.world, call.repository, workflowRunOf(call))),
  ),
  onRepository(`GET ${RUNS}/{run_id}/jobs`, READ, (call) => {
    const all = call.world.state.runsOfSuite(workflowRunOf(call).id);
    const wanted = call.query.get('filter') === 'all' ? all : latestRuns(all);
    return page(
      call,
      wanted,
      (one) => renderJob(call.world, call.repository, one),
      (jobs, total_count) => ({ total_count, jobs }),
    );
  }),
  onRepository(`POST ${RUNS}/{run_id}/rerun-failed-jobs`, WRITE, (call) => {
    const suite = workflowRunOf(call);
    const failed = latestRuns(call.world.state.runsOfSuite(suite.id)).filter(
      (one) => one.conclusion !== null && one.conclusion !== 'success',
    );
    for (const { name } of failed) call.world.rerequested(call.repository, { suiteId: suite.id, name });
    return ok({}, 201);
  }),
];
