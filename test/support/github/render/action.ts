import { readCommit } from '../git/read.js';
import type { CheckRun, CheckSuite } from '../state/checks.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import { type Json, renderUser } from './account.js';
import { latestRuns, stateOfSuite } from './check.js';
import { renderSimpleCommit } from './commit.js';
import { nodeIdOf } from './node-id.js';
import { renderMinimalRepository, repositoryUrl } from './repository.js';

const WORKFLOW = 'CI';

const attemptOf = (world: World, run: CheckRun): number =>
  world.state.runsOfSuite(run.suiteId).filter((one) => one.name === run.name && one.id <= run.id).length;

/** A job of Actions is a check run under the same number. */
export function renderJob(world: World, repository: Repository, run: CheckRun): Json {
  const api = repositoryUrl(world, repository);
  const branch = world.state.suites.find((one) => one.id === run.suiteId)?.headBranch ?? null;
  return {
    id: run.id,
    run_id: run.suiteId,
    run_url: `${api}/actions/runs/${run.suiteId}`,
    run_attempt: attemptOf(world, run),
    node_id: nodeIdOf('CR', run.id),
    head_sha: run.headSha,
    head_branch: branch,
    url: `${api}/actions/jobs/${run.id}`,
    html_url: `${world.urls.web}/${fullNameOf(repository)}/actions/runs/${run.suiteId}/job/${run.id}`,
    status: run.status,
    conclusion: run.conclusion,
    created_at: run.startedAt,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    name: run.name,
    steps: [{ name: `Run ${run.name}`, status: run.status, conclusion: run.conclusion, number: 1 }],
    check_run_url: `${api}/check-runs/${run.id}`,
    labels: ['ubuntu-latest'],
    runner_id: 1,
    runner_name: 'runner-1',
    runner_group_id: 1,
    runner_group_name: 'GitHub Actions',
    workflow_name: WORKFLOW,
  };
}

export async function renderWorkflowRun(world: World, repository: Repository, suite: CheckSuite): Promise<Json> {
  const api = repositoryUrl(world, repository);
  const url = `${api}/actions/runs/${suite.id}`;
  const runs = world.state.runsOfSuite(suite.id);
  return {
    id: suite.id,
    name: WORKFLOW,
    node_id: nodeIdOf('WFR', suite.id),
    check_suite_id: suite.id,
    check_suite_node_id: nodeIdOf('CS', suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    path: '.github/workflows/ci.yml',
    display_title: WORKFLOW,
    run_number: 1,
    run_attempt: Math.max(1, ...runs.map((run) => attemptOf(world, run))),
    event: 'push',
    ...stateOfSuite(latestRuns(runs)),
    workflow_id: 1,
    url,
    html_url: `${world.urls.web}/${fullNameOf(repository)}/actions/runs/${suite.id}`,
    pull_requests: [],
    created_at: suite.createdAt,
    updated_at: suite.updatedAt,
    run_started_at: suite.createdAt,
    actor: renderUser(world, repository.owner),
    triggering_actor: renderUser(world, repository.owner),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${suite.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: null,
    workflow_url: `${api}/actions/workflows/1`,
    head_commit: renderSimpleCommit(await readCommit(repository.directory, suite.headSha)),
    repository: renderMinimalRepository(world, repository),
    head_repository: renderMinimalRepository(world, repository),
  };
}
